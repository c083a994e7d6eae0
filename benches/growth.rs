//! How work grows with what is written: `cargo bench --bench growth`. Criterion prints time a command (or a byte), which
//! has to stay the same from one line of a group to the next.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ftpscope::export::{Comparison, LadderOptions, write_json, write_ladder, write_plain};
use ftpscope::ftp::Mode;
use ftpscope::insight;
use ftpscope::ladder::Glyphs;
use ftpscope::narrate::{Language, Messages};
use ftpscope::scenario::{Scenario, parse};
use ftpscope::trace::Timeline;
use std::fmt::Write;
use std::io::sink;
use std::time::Duration;

fn scenario(sessions: usize, run: &str) -> Scenario {
    let mut source = String::from(
        "title = 'growth'\nlimits = { frames = 10000000 }\nlinks = ['client -- fw -- server']\n\
         [nodes.fw.firewall.forward]\npolicy = 'drop'\n\
         rules = ['ct state established,related accept', 'tcp dport 21 accept']\n\
         [nodes.fw.firewall.prerouting]\nrules = ['tcp dport 21 ct helper set \"ftp\"']\n\
         [nodes.server]\nftp-server = { files = { big = '10 MB' } }\n[[expect]]\ncommand = 'ls'\noutcome = 'ok'\n",
    );
    for _ in 0..sessions {
        let _ = write!(source, "[[sessions]]\nclient = 'client'\nserver = 'server'\nmode = 'passive'\nrun = [{run}]\n");
    }
    parse(&source, "growth").expect("it has no mistakes")
}

fn growth(criterion: &mut Criterion) {
    let messages = Messages::new(Language::En);
    let options = LadderOptions { width: 100, glyphs: Glyphs::UNICODE };
    let mut group = criterion.benchmark_group("commands");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for commands in [500, 2000, 8000] {
        let scenario = scenario(1, &"'ls',".repeat(commands));
        let trace = scenario.run().expect("it stays within its limits");
        group.throughput(Throughput::Elements(commands as u64));
        group.bench_function(format!("check/{commands}"), |b| b.iter(|| insight::check(&scenario)));
        group.bench_function(format!("plain/{commands}"), |b| b.iter(|| write_plain(&trace, &messages, &mut sink())));
        group.bench_function(format!("json/{commands}"), |b| b.iter(|| write_json(&trace, &mut sink())));
        group.bench_function(format!("ladder/{commands}"), |b| {
            b.iter(|| write_ladder(&trace, &messages, options, &mut sink()));
        });
        group.bench_function(format!("screen/{commands}"), |b| b.iter(|| Timeline::new(&trace)));
    }
    group.finish();
    let mut group = criterion.benchmark_group("sessions");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for sessions in [60, 250, 1000] {
        let scenario = scenario(sessions, "'ls'");
        group.throughput(Throughput::Elements(sessions as u64));
        group.bench_function(format!("check/{sessions}"), |b| b.iter(|| insight::check(&scenario)));
        group.bench_function(format!("compare/{sessions}"), |b| {
            b.iter(|| {
                let comparison = Comparison::new(&scenario, [Mode::Active, Mode::Passive], &messages);
                comparison.expect("it stays within its limits").write(options, &mut sink())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, growth);
criterion_main!(benches);
