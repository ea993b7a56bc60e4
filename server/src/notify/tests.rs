//! What becomes of what is told while the server stops.

use arcane_shared::DaemonName;
use tokio::net::TcpListener;

use super::watch::Storm;
use super::*;
use crate::config::BusConfig;
use crate::requests::Rulings;

#[tokio::test]
async fn what_no_service_took_when_the_server_stops_is_counted_as_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let tables =
        format!("[[notify]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://{address}/\"\nafter_s = 0");
    let mut tables: toml::Table = tables.parse().unwrap();
    let outlets = Outlets::open(&Notify::read(tables.remove("notify").unwrap()).unwrap()).unwrap();
    let bus = ArcaneEventBus::new(BusConfig::default());
    let (requests, _over) = Requests::new(bus.clone(), false, Rulings::default());
    let metrics = Metrics::new();
    let notifier = Notifier::start(outlets, &bus, &Gate::open(), &metrics, &NetConfig::default(), &requests);
    let message = || {
        let daemon = DaemonName::parse("claude").unwrap();
        vec![Happening::Storm(Storm { room: RoomName::default(), daemon, last: "make".into() })]
    };
    let queue = Arc::clone(&notifier.telling[0].0);
    assert!(queue.put(message()) && queue.put(message()));
    // It is reached, and never answers.
    let _hangs = listener.accept().await.unwrap();
    notifier.stop().await;
    assert_eq!(metrics.count_of_notified("hook", "failed"), 2);
}
