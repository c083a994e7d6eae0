//! What a packet-hop costs, on the workload W1: `cargo bench --bench engine`.
//!
//! After criterion's own output come plain lines, a case each: the median of five rounds, build time kept apart.

mod w1;

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use ftpscope::engine::Simulation;
use ftpscope::trace::{NoObserver, Observer, Recorder};
use std::hint::black_box;
use std::time::{Duration, Instant};
use w1::Shape;

fn sessions(criterion: &mut Criterion) {
    for shape in [Shape::Pairs, Shape::Star] {
        let mut group = criterion.benchmark_group(shape.name());
        group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        for n in [100, 1000] {
            let mut once = w1::build(shape, n, NoObserver);
            w1::run(&mut once);
            group.throughput(Throughput::Elements(once.hops()));
            group.bench_function(n.to_string(), |bencher| {
                bencher.iter_batched_ref(|| w1::build(shape, n, NoObserver), w1::run, BatchSize::PerIteration);
            });
        }
        group.finish();
    }
}

criterion_group!(benches, sessions);

fn main() {
    benches();
    // `cargo test --benches` only wants to know that it runs.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!("\nshape  sessions  observer       hops   events/hop   build us/session   run ns/hop   (median of 5)");
    for shape in [Shape::Pairs, Shape::Star] {
        for n in [100, 1000, 10_000] {
            summary(shape, n, "none", || NoObserver);
            // A trace of ten thousand sessions through one bottleneck takes gigabytes.
            if !(matches!(shape, Shape::Star) && n == 10_000) {
                summary(shape, n, "recorder", Recorder::default);
            }
        }
    }
    Criterion::default().configure_from_args().final_summary();
}

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
fn summary<O: Observer>(shape: Shape, n: u32, name: &str, observer: impl Fn() -> O) {
    let mut builds = Vec::new();
    let mut runs = Vec::new();
    let (mut hops, mut events) = (0, 0);
    for _ in 0..5 {
        let start = Instant::now();
        let mut simulation: Simulation<O> = w1::build(shape, n, observer());
        builds.push(start.elapsed());
        let start = Instant::now();
        w1::run(&mut simulation);
        runs.push(start.elapsed());
        (hops, events) = (simulation.hops(), simulation.events());
        black_box(simulation);
    }
    println!(
        "{:<6} {n:>8}  {name:<9} {hops:>9} {:>12.2} {:>18.2} {:>12.0}",
        shape.name(),
        events as f64 / hops as f64,
        median(builds).as_secs_f64() * 1e6 / f64::from(n),
        median(runs).as_secs_f64() * 1e9 / hops as f64,
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
