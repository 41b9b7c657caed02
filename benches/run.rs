//! The whole default run in this process: every built-in scenario, in cheap weather too, both roles,
//! over real sockets.

use confcall::entry::pair::{self, Manners};
use confcall::entry::run::setup;
use confcall::io::net::Shutdown;
use confcall::io::store;
use confcall::logic::judge;
use confcall::logic::verdict::{Role, Verdict};
use confcall::logic::weather::{Kind, with_weather};
use criterion::{Criterion, criterion_group, criterion_main};

fn run(bench: &mut Criterion) {
    let scenarios = store::built_in().expect("scenarios");
    let cheap: Vec<Kind> = Kind::ALL.into_iter().filter(|it| it.is_cheap()).collect();
    let cases = judge::cases(&scenarios, &with_weather(&scenarios, &cheap));
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    bench.bench_function("run/default", |timer| {
        timer.iter(|| {
            let setup = setup(cases.clone(), Shutdown::new());
            let roles = [Role::Service, Role::Bot];
            let results = runtime
                .block_on(pair::play(&setup, &roles, Manners::default()))
                .expect("sockets");
            assert!(results.iter().all(|result| result.verdict == Verdict::Pass));
        });
    });
}

criterion_group!(benches, run);
criterion_main!(benches);
