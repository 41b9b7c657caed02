//! The whole default run in this process: every built-in scenario, with fast fault injection too, both
//! roles, over real sockets.

use confcall::internals::DefaultRun;
use criterion::{Criterion, criterion_group, criterion_main};

fn run(bench: &mut Criterion) {
    let run = DefaultRun::new();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    bench.bench_function("run/default", |timer| {
        timer.iter(|| assert!(runtime.block_on(run.passes())));
    });
}

criterion_group!(benches, run);
criterion_main!(benches);
