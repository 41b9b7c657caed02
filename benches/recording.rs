//! The cost of recordings: judging one beside parsing it, and redacting an exchange beside writing it.

use std::hint::black_box;
use std::path::Path;

use confcall::internals::{self, Checking, Redacting};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;

// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many conversations are judged.
const CONVERSATIONS: u64 = 500;

const CASSETTE: &str = "cassettes/participant-invite/beta@2021-02/\
                        invite-one-participant-to-an-existing-group-call.jsonl";

/// A recording of one conversation, many times with other ids.
fn tape() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASSETTE);
    let text = std::fs::read_to_string(path).expect("a cassette");
    internals::repeated(&text, CONVERSATIONS)
}

fn check_beside_parsing(criterion: &mut Criterion) {
    let tape = tape();
    let checking = Checking::new();
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Bytes(tape.len() as u64));
    group.sample_size(20);
    group.bench_function("parsing", |bencher| {
        bencher.iter(|| {
            for line in tape.lines() {
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
                let passes = pool.install(|| checking.passes(tape.as_bytes()));
                // Both parties of each.
                assert_eq!(passes as u64, 2 * CONVERSATIONS);
            });
        });
    }
    group.finish();
}

fn redaction_beside_writing(criterion: &mut Criterion) {
    let redacting = Redacting::of(tape().as_bytes());
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
