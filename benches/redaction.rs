//! The speed of redaction: ordinary JSON, and inputs that are made to be slow.

use std::hint::black_box;

use confcall::internals::Bodies;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

// The allocator of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEGABYTE: usize = 1 << 20;

/// A notification, as a service sends it.
fn notification(number: u64) -> Value {
    let id = format!("{number:08x}-894c-409a-b240-bd8beae78896");
    json!({
        "changeType": "updated",
        "resource": format!("/app/calls/{id}/participants"),
        "resourceData": [{
            "@odata.type": "#microsoft.graph.participant",
            "id": id,
            "info": {
                "identity": {"user": {"id": id, "displayName": format!("Person {number}")}},
                "languageId": "en-US",
                "region": "amer",
            },
            "mediaStreams": [{"mediaType": "audio", "sourceId": number, "direction": "sendReceive", "serverMuted": false}],
            "isMuted": false,
        }],
        "state": "established",
        "resultInfo": {"code": 200, "subcode": 0, "message": "The call was answered."},
        "callbackUri": format!("https://bot.example/api/calls/{id}"),
    })
}

fn ordinary(criterion: &mut Criterion) {
    let all: Vec<_> = (0..1500).map(notification).collect();
    let text = json!({"value": all}).to_string();
    let bodies = Bodies::default();
    let mut group = criterion.benchmark_group("redaction");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("ordinary JSON", |bencher| {
        bencher.iter(|| {
            assert!(
                bodies
                    .redact(black_box(text.as_bytes()), "application/json")
                    .is_none()
            );
        });
    });
    group.finish();
}

fn hostile(criterion: &mut Criterion) {
    let bodies = Bodies::default();
    let mut group = criterion.benchmark_group("redaction of hostile text");
    group.sample_size(10);
    for unit in [
        "//",
        "sk-",
        "key=",
        "key=\"",
        "password: ",
        "eyJ-",
        "://a:b@",
        "%25",
        "<a b=",
        "[",
        "QUFB",
        "curl -u ",
        "\\\"",
    ] {
        let text = unit.repeat(MEGABYTE / unit.len());
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(unit, |bencher| {
            bencher.iter(|| black_box(bodies.redact(black_box(text.as_bytes()), "text/plain")));
        });
    }
    group.finish();
}

criterion_group!(benches, ordinary, hostile);
criterion_main!(benches);
