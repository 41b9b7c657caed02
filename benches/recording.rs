//! What recordings cost: judging one beside parsing it, and taking the secrets out of an exchange
//! beside writing it.

use std::hint::black_box;
use std::path::Path;

use confcall::api::identifier;
use confcall::cassette::format::{
    CapturedBody, CapturedExchange, CapturedMessage, Cause, Exchange, Wire,
};
use confcall::cassette::{journal, read};
use confcall::judge;
use confcall::judge::recording::check;
use confcall::judge::verdict::Verdict;
use confcall::redact::Redactor;
use confcall::scenario::store;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;

// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many conversations are judged.
const CONVERSATIONS: u64 = 500;

const CASSETTE: &str = "cassettes/participant-invite/beta@2021-02/pt-BR/\
                        invite-one-participant-to-an-existing-group-call.jsonl";

/// A recording of one conversation, many times with other ids.
fn tape() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CASSETTE);
    let text = std::fs::read_to_string(path).expect("a cassette");
    let (header, lines) = text.split_once('\n').expect("a header");
    let exchanges = u64::try_from(lines.lines().count()).expect("a number");
    let mut tape = format!("{header}\n");
    for round in 0..CONVERSATIONS {
        for line in lines.lines() {
            let line = with_other_ids(line, round);
            let mut exchange: Exchange = serde_json::from_str(&line).expect("an exchange");
            exchange.number += round * exchanges;
            if let Some(Cause { exchange, .. }) = &mut exchange.cause {
                *exchange += round * exchanges;
            }
            tape += &serde_json::to_string(&exchange).expect("JSON");
            tape.push('\n');
        }
    }
    tape
}

/// The text with another beginning of each GUID in every round.
fn with_other_ids(text: &str, round: u64) -> String {
    let mut other = text.to_owned();
    for at in 0..text.len() {
        if text.get(at..at + 36).is_some_and(identifier::is_guid) {
            let begin = u32::from_str_radix(&text[at..at + 4], 16).expect("digits");
            let begin = (u64::from(begin) + round) % 0x1_0000;
            other.replace_range(at..at + 4, &format!("{begin:04x}"));
        }
    }
    other
}

fn check_beside_parsing(criterion: &mut Criterion) {
    let tape = tape();
    let scenarios = store::built_in().expect("scenarios");
    let cases = judge::cases(&scenarios, &scenarios);
    let options = judge::Options::default();
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
                let (tape, _) = read::parse("tape", tape.as_bytes()).expect("a cassette");
                let checked = pool.install(|| check::check(tape, &cases, &options));
                assert!(checked.results.iter().all(|it| it.verdict == Verdict::Pass));
                // Both parties of each.
                assert_eq!(checked.results.len() as u64, 2 * CONVERSATIONS);
            });
        });
    }
    group.finish();
}

/// The exchange as a recorder hears it, with these bodies.
fn heard<'a>(exchange: &'a Exchange, bodies: &'a [Vec<u8>; 2]) -> CapturedExchange<'a> {
    let message = |fields: &'a [(String, String)], body: &'a [u8]| {
        let fields = fields.iter();
        CapturedMessage {
            headers: fields
                .map(|(name, value)| (name.as_str(), value.into()))
                .collect(),
            body: CapturedBody::Bytes(body.into()),
            wire: Wire::default(),
        }
    };
    CapturedExchange {
        number: exchange.number,
        direction: exchange.direction,
        cause: None,
        at_ms: exchange.at_ms,
        took_ms: exchange.took_ms,
        method: &exchange.request.method,
        target: &exchange.request.target,
        request: message(&exchange.request.headers, &bodies[0]),
        response: exchange
            .response
            .as_ref()
            .map(|it| (it.status, message(&it.headers, &bodies[1]))),
        broke: None,
    }
}

fn redaction_beside_writing(criterion: &mut Criterion) {
    let tape = tape();
    let loaded = journal::parse("tape", tape.as_bytes()).expect("a cassette");
    let exchange = loaded.exchanges.first().expect("an exchange");
    let redactor = Redactor::new([7; 32]);
    let bodies = [
        serde_json::to_vec(&exchange.request.body.json()).expect("JSON"),
        exchange.response.as_ref().map_or_else(Vec::new, |it| {
            serde_json::to_vec(&it.body.json()).expect("JSON")
        }),
    ];
    let heard = heard(exchange, &bodies);
    let mut group = criterion.benchmark_group("exchange");
    group.bench_function("line", |bencher| {
        bencher.iter(|| redactor.line(black_box(&heard)));
    });
    group.bench_function("redaction", |bencher| {
        let copy = || exchange.clone();
        bencher.iter_batched(copy, |it| redactor.redact(it), BatchSize::SmallInput);
    });
    group.bench_function("writing", |bencher| {
        bencher.iter(|| serde_json::to_vec(black_box(exchange)).expect("JSON"));
    });
    group.finish();
}

criterion_group!(benches, check_beside_parsing, redaction_beside_writing);
criterion_main!(benches);
