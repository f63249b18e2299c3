//! What policies cost within a policy server: `policy-host serve`, or Kubewarden's own where `POLICY_SERVER` names it.
//!
//! Each request follows the one before on the same connection. Batches for each policy and for one that reads nothing
//! alternate, so that other load on the machine affects both; a time is the median of its batches' medians.
//!
//! usage: cargo bench --package policy-host --bench server -- FLOOR POLICY SETTINGS

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a measurement that cannot start has failed"
)]
#![expect(clippy::print_stdout, reason = "it prints its results")]

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use policy_host::{Outcome, Sample, Settings, list_of_policies, read_text};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

/// Requests in sequence before the next policy has its turn.
const BATCH: usize = 20;
/// Turns of each policy; a tenth of them for the large review.
const TURNS: usize = 100;
/// Large reviews, after which the memory is measured.
const LARGE: usize = 10_000;

/// The policy that reads nothing, which the others are multiples of.
const FLOOR: &str = "floor";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [floor, policy, settings] = &*arguments else { panic!("usage: server FLOOR POLICY SETTINGS") };
    rustls::crypto::ring::default_provider().install_default().expect("the first provider");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure(Path::new(floor), Path::new(policy), Path::new(settings)));
}

async fn measure(floor: &Path, policy: &Path, settings: &Path) {
    let settings = Settings::from_yaml(&read_text(settings).unwrap()).unwrap();
    let bare: Value = serde_json::from_slice(&settings.payload().unwrap()).unwrap();
    let list = |count, outcome| {
        let list = list_of_policies(&bare, count, outcome).unwrap();
        serde_json::from_slice::<Value>(&list.payload().unwrap()).unwrap()
    };
    let mut registrations = BTreeMap::from([(FLOOR, (floor, json!({}))), ("one", (policy, bare.clone()))]);
    for (name, count, outcome) in [
        ("last-of-10", 10, Outcome::AcceptedByTheLast),
        ("last-of-50", 50, Outcome::AcceptedByTheLast),
        ("rejected-by-50", 50, Outcome::RejectedByAll),
    ] {
        registrations.insert(name, (policy, list(count, outcome)));
    }
    let server = Server::start(&registrations).await;
    println!("ready after {} ms, {} MB", server.ready.as_millis(), server.memory());
    println!("| review | policies | verdict | floor, µs | policy, µs | ratio |\n|---|---|---|--:|--:|--:|");
    for (sample, name, allowed) in [
        (Sample::Small, "one", true),
        (Sample::Typical, "one", true),
        (Sample::TypicalRejected, "one", false),
        (Sample::TypicalMutated, "one", true),
        (Sample::Large, "one", true),
        (Sample::Typical, "last-of-10", true),
        (Sample::Typical, "last-of-50", true),
        (Sample::Typical, "rejected-by-50", false),
    ] {
        let review = review(sample);
        let answer = server.ask(name, &review).await;
        assert_eq!(answer["response"]["allowed"], allowed, "{name}: {answer}");
        let verdict = match (allowed, answer["response"].get("patch").is_some()) {
            (false, _) => "rejected",
            (true, true) => "mutated",
            (true, false) => "accepted",
        };
        let turns = if sample == Sample::Large { TURNS / 10 } else { TURNS };
        let (floor, own) = server.alternate(name, &review, turns).await;
        let (sample, ratio) = (sample.name(), own / floor);
        println!("| {sample} | {name} | {verdict} | {floor:.0} | {own:.0} | {ratio:.2} |");
    }
    let large = review(Sample::Large);
    let before = server.memory();
    for count in [LARGE / 2, LARGE / 2] {
        for _ in 0..count {
            server.ask("one", &large).await;
        }
        println!("{} MB before, {} MB after {count} more large reviews", before, server.memory());
    }
}

fn review(sample: Sample) -> String {
    sample.review().to_string()
}

/// A running policy server.
struct Server {
    process: Child,
    url: String,
    client: Client,
    /// How long it took to start.
    ready: Duration,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start(registrations: &BTreeMap<&str, (&Path, Value)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let policies: BTreeMap<&str, Value> = registrations
            .iter()
            .map(|(name, (module, settings))| {
                let module = format!("file://{}", module.canonicalize().unwrap().display());
                (*name, json!({"module": module, "allowedToMutate": true, "settings": settings}))
            })
            .collect();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let (port, probes) = (free_port(), free_port());
        let own = [env!("CARGO_BIN_EXE_policy-host").to_owned(), "serve".to_owned()];
        let program = std::env::var("POLICY_SERVER").map_or(own.to_vec(), |other| vec![other]);
        let (program, first) = program.split_first().unwrap();
        let begin = Instant::now();
        let process = Command::new(program)
            .args(first)
            .args(["--addr", "127.0.0.1", "--ignore-kubernetes-connection-failure"])
            .args(["--port", &port.to_string(), "--readiness-probe-port", &probes.to_string()])
            .arg("--policies")
            .arg(file("policies.yml", &json!(policies).to_string()))
            .arg("--policies-download-dir")
            .arg(folder.path())
            .arg("--cert-file")
            .arg(file("tls.crt", &cert.pem()))
            .arg("--key-file")
            .arg(file("tls.key", &signing_key.serialize_pem()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let authority = Certificate::from_pem(cert.pem().as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([authority]).build().unwrap();
        let mut server = Server {
            process,
            url: format!("https://127.0.0.1:{port}"),
            client,
            ready: Duration::ZERO,
            _folder: folder,
        };
        let readiness = format!("http://127.0.0.1:{probes}/readiness");
        while !server.client.get(&readiness).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(server.process.try_wait().unwrap().is_none(), "the server has ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.ready = begin.elapsed();
        server
    }

    async fn ask(&self, policy: &str, review: &str) -> Value {
        let request = self.client.post(format!("{}/validate/{policy}", self.url));
        let answer =
            request.header("content-type", "application/json").body(review.to_owned()).send().await.unwrap();
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    /// The times of the policy that reads nothing, and of another, in microseconds.
    async fn alternate(&self, policy: &str, review: &str, turns: usize) -> (f64, f64) {
        let (mut floors, mut own) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            floors.push(self.batch(FLOOR, review).await);
            own.push(self.batch(policy, review).await);
        }
        (median(floors), median(own))
    }

    async fn batch(&self, policy: &str, review: &str) -> f64 {
        let mut times = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let begin = Instant::now();
            self.ask(policy, review).await;
            times.push(begin.elapsed().as_secs_f64() * 1e6);
        }
        median(times)
    }

    /// Its memory, in megabytes.
    fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kilobytes.unwrap_or_default() / 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that nothing listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
