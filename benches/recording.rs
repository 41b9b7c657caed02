//! The cost of recordings: judging one beside parsing it, and redacting an exchange beside writing it.

use std::hint::black_box;
use std::path::Path;

use confcall::internals::{self, Redacting};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use serde_json::Value;

// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many calls are judged. Each has ten exchanges.
const CALLS: u64 = 10_000;

/// How many calls go on at the same time.
const AT_ONCE: u64 = 50;

const CASSETTE: &str = "cassettes/participant-invite/beta@2021-02/\
                        invite-one-participant-to-an-existing-group-call.jsonl";

fn recorded() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASSETTE);
    std::fs::read_to_string(path).expect("a cassette")
}

fn check_beside_parsing(criterion: &mut Criterion) {
    // It stays, for measurements of the command as a process.
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("calls.jsonl");
    std::fs::write(&path, internals::calls(CALLS, AT_ONCE)).expect("a file");
    let mut group = criterion.benchmark_group("check");
    group.sample_size(10);
    group.bench_function("parsing", |bencher| {
        bencher.iter(|| {
            let text = std::fs::read_to_string(&path).expect("a file");
            for line in text.lines() {
                black_box(serde_json::from_str::<Value>(line).expect("JSON"));
            }
        });
    });
    for (name, threads) in [("on one processor", 1), ("on all", 0)] {
        // 0 stands for all.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().expect("threads");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let passes = pool.install(|| internals::checked_passes(&path));
                // Both parties of each.
                assert_eq!(passes as u64, 2 * CALLS);
            });
        });
    }
    group.finish();
}

fn redaction_beside_writing(criterion: &mut Criterion) {
    let redacting = Redacting::of(recorded().as_bytes());
    let captured = redacting.captured();
    let mut group = criterion.benchmark_group("exchange");
    group.bench_function("line", |bencher| {
        bencher.iter(|| redacting.line(black_box(&captured)));
    });
    group.bench_function("redaction", |bencher| {
        bencher.iter_batched(
            || redacting.copy(),
            |it| redacting.redact(it),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("writing", |bencher| bencher.iter(|| redacting.write()));
    group.finish();
}

criterion_group!(benches, check_beside_parsing, redaction_beside_writing);
criterion_main!(benches);
