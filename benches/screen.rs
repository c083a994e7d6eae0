//! What one picture costs: the whole screen at 200x60, all panes, against the same number of cells written by a bare
//! paragraph.

use criterion::{Criterion, criterion_group, criterion_main};
use ftpscope::scenario::{builtin, parse};
use ftpscope::tui::{Action, App, Options, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::widgets::Paragraph;
use std::hint::black_box;

const SIZE: (u16, u16) = (200, 60);

fn screen(c: &mut Criterion) {
    let classic = builtin("classic").expect("it ships with the program");
    let scenario = parse(classic.source, classic.name).expect("it has no mistakes");
    let mut app = App::playing(scenario, Options::default());
    app.update(Action::NextDeath);
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("a terminal in memory");
    // Two instants in turn, so that the difference between two pictures is never empty.
    c.bench_function("screen 200x60, stepping", |b| {
        let mut forward = false;
        b.iter(|| {
            forward = !forward;
            app.update(if forward { Action::StepForward } else { Action::StepBack });
            terminal.draw(|frame| draw(&app, frame)).map(|_| ()).expect("memory does not fail");
            black_box(());
        });
    });
    let text = ["x".repeat(usize::from(SIZE.0)), "y".repeat(usize::from(SIZE.0))]
        .map(|line| vec![line; usize::from(SIZE.1)].join("\n"));
    c.bench_function("screen 200x60, bare paragraph", |b| {
        let mut turn = 0;
        b.iter(|| {
            turn = 1 - turn;
            let paragraph = Paragraph::new(text[turn].as_str());
            terminal.draw(|frame| frame.render_widget(paragraph, frame.area())).map(|_| ()).expect("memory");
        });
    });
}

criterion_group!(benches, screen);
criterion_main!(benches);
