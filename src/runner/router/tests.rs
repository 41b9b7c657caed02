use std::time::Duration;

use super::super::variables;
use super::*;
use crate::inject::Act;
use crate::judge;
use crate::judge::Action;
use crate::judge::bindings::Bindings;
use crate::judge::verdict::Verdict;
use crate::scenario::format::Scenario;
use crate::scenario::store;

/// Conversations of one scenario that have begun at a router for a bot under test.
fn registered(router: &Router, count: usize) -> Vec<(Arc<Mutex<InjectedJudge>>, Registration)> {
    registered_of(router, "participant-invite/", count)
}

fn registered_of(
    router: &Router,
    name: &str,
    count: usize,
) -> Vec<(Arc<Mutex<InjectedJudge>>, Registration)> {
    let all = store::built_in().expect("scenarios");
    let for_bots =
        |it: &&Scenario| it.id.as_str().starts_with(name) && judge::judges(&it.script, Party::Bot);
    let picked = all.iter().find(for_bots).cloned();
    let cases = judge::cases(&all, picked.as_slice());
    let options = judge::Options::default();
    let case = &cases[0];
    let begin = |_| {
        let variables = Arc::clone(case.outline().variables(false));
        let values = variables::values(&case.scenario.script);
        let bindings = Bindings::new(variables, values);
        let mut judge = InjectedJudge::new(case, bindings, options.clone(), Party::Bot, 1);
        judge.handle(Duration::ZERO, Event::Start);
        let judge = Arc::new(Mutex::new(judge));
        let registration = router.register(router.number(), Arc::clone(&judge));
        router.update(registration.number, &lock(&judge));
        (judge, registration)
    };
    (0..count).map(begin).collect()
}

fn router() -> Router {
    let around = Arc::new(Around::new(None));
    Router::new(Party::Bot, None, around, "http://127.0.0.1:1".into())
}

fn request(target: String) -> Request {
    Request {
        method: "POST".into(),
        target,
        headers: Headers::new(),
        body: Body::Empty,
    }
}

/// A request to a call that this conversation alone knows.
fn about(judge: &Mutex<InjectedJudge>) -> Request {
    lock(judge).bind("call", "11111111-2222-4333-8444-555555555555");
    request("/app/calls/11111111-2222-4333-8444-555555555555/answer".into())
}

/// A locked judge blocks the router that needs it.
fn find_within_seconds(router: Router, request: Request) -> Recipient {
    let (found, finding) = std::sync::mpsc::channel();
    std::thread::spawn(move || found.send(router.find(&request)));
    let within = Duration::from_secs(10);
    finding
        .recv_timeout(within)
        .expect("no judge is waited for")
}

#[test]
fn a_message_with_an_id_locks_no_judge() {
    let router = router();
    let registered = registered(&router, 3);
    let (judge, registration) = &registered[1];
    let request = about(judge);
    router.update(registration.number, &lock(judge));
    let locked: Vec<_> = registered.iter().map(|(judge, _)| lock(judge)).collect();
    let found = find_within_seconds(router, request);
    drop(locked);
    let Recipient::One(inbox) = found else {
        panic!("{found:?}");
    };
    assert!(inbox.same_channel(&registration.sender));
}

#[test]
fn a_message_without_an_id_locks_only_the_judges_that_still_play() {
    let router = router();
    let registered = registered(&router, 2);
    let (over, registration) = &registered[0];
    lock(over).give_up(Verdict::Inconclusive, "over");
    router.update(registration.number, &lock(over));
    let locked = lock(over);
    // A message that nobody waits for could be of either.
    let found = find_within_seconds(router, request("/elsewhere".into()));
    drop(locked);
    assert!(matches!(found, Recipient::Several(all) if all.len() == 2));
}

#[test]
fn a_message_without_an_id_is_of_the_part_that_is_played() {
    let router = router();
    let earlier = registered(&router, 2);
    let own = about(&earlier[0].0);
    router.update(earlier[0].1.number, &lock(&earlier[0].0));
    router.end_part();
    let elsewhere = || request("/elsewhere".into());
    assert!(matches!(router.find(&elsewhere()), Recipient::Nobody));
    let playing = registered(&router, 1);
    for (request, registration) in [(elsewhere(), &playing[0].1), (own, &earlier[0].1)] {
        let Recipient::One(inbox) = router.find(&request) else {
            panic!("{}", request.target);
        };
        assert!(inbox.same_channel(&registration.sender));
    }
}

#[test]
fn a_retired_conversation_leaves_only_its_number_and_ids() {
    let router = router();
    let (judge, registration) = registered(&router, 1).remove(0);
    let late = about(&judge);
    router.update(registration.number, &lock(&judge));
    router.retire();
    assert_eq!(Arc::strong_count(&judge), 1);
    let playing = registered(&router, 1);
    let late = [late, request(callback_path(registration.number))];
    for late in late {
        let found = router.find(&late);
        assert!(matches!(found, Recipient::Nobody), "{found:?}");
    }
    drop(playing);
}

#[test]
fn a_callback_path_has_its_number() {
    assert_eq!(callback_number(&callback_path(42)), Some(42));
    assert_eq!(callback_number("/bot/callback/7?x=1"), Some(7));
    assert_eq!(callback_number("/callback"), None);
    assert_eq!(callback_number("/api/calls"), None);
}

#[test]
fn a_late_second_request_is_of_the_conversation_that_triggered_the_first() {
    let router = router();
    let join = "application-post-calls/beta@2022-07/join-a-scheduled-meeting-with-joinmeetingid";
    let of = |name: String| registered_of(&router, &name, 1).remove(0);
    let (over, registration) = of(format!("{join}-and-passcode"));
    let (waiting, _other) = of(join.to_owned());
    let act = lock(&over).next_act();
    let Some(Act::Do(Action::Trigger { request, .. })) = act else {
        panic!("{act:?}");
    };
    lock(&over).give_up(Verdict::Inconclusive, "over");
    router.update(registration.number, &lock(&over));
    assert!(lock(&waiting).resembles(&request));
    let found = router.find(&request);
    assert!(matches!(&found, Recipient::One(inbox) if inbox.same_channel(&registration.sender)));
}
