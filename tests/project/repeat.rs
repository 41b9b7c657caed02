//! `confcall run --repeat`: the same conversations many times at once.

use super::{BOT, Project, SERVICE, text};

const MUTE: &str = "[scenarios]\nfilters = [\"call-mute/v1.0\"]\n";

#[test]
fn each_of_many_conversations_is_judged_and_latencies_are_reported() {
    for target in [SERVICE, BOT] {
        let project = Project::of(target, &[], MUTE);
        let (code, report) = project.run(&["--repeat", "200", "--jobs", "100"]);
        let count = report["summary"]["pass"].as_u64().unwrap();
        assert_eq!((code, count), (0, 200), "{report}");
        // Those that passed are one result.
        assert_eq!(report["results"].as_array().unwrap().len(), 1);
        assert_eq!(report["results"][0]["times"], 200);
        let load = &report["load"];
        assert_eq!(
            (&load["conversations"], &load["jobs"]),
            (&200.into(), &100.into())
        );
        assert!(load["answers"].as_u64().unwrap() >= 200, "{load}");
        let at = |name: &str| load["latency_ms"][name].as_f64().unwrap();
        assert!(at("p50") > 0.0 && at("p50") <= at("p90"), "{load}");
        assert!(at("p90") <= at("p99") && at("p99") <= at("max"), "{load}");
        assert_eq!(load["mixed_up"], serde_json::json!([]));
    }
}

#[test]
fn ids_that_are_mixed_up_are_shown() {
    let project = Project::of(SERVICE, &["--mutant", "mute-other-context"], MUTE);
    let output = project.confcall(&["run", "--repeat", "20", "--jobs", "10"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("20 conversations, at most 10 at a time"),
        "{said}"
    );
    assert!(said.contains("mixed up: "), "{said}");
    assert!(said.contains("20 failed"), "{said}");
}

#[test]
fn many_failures_end_the_run_and_are_one_result() {
    let project = Project::of(BOT, &["--mutant", "token-missing"], MUTE);
    let (code, report) = project.run(&["--repeat", "50"]);
    assert_eq!((code, &report["summary"]["fail"]), (1, &50.into()));
    assert_eq!(report["results"].as_array().unwrap().len(), 1);
    let (code, report) = project.run(&["--repeat", "1000", "--jobs", "4", "--max-fail", "3"]);
    let failed = report["summary"]["fail"].as_u64().unwrap();
    assert!(code == 1 && (3..20).contains(&failed), "{report}");
}
