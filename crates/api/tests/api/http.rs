use crate::support::server;

#[tokio::test]
async fn pages_health_and_metrics_share_the_port() {
    let server = server().await;
    assert!(server.get("/").await.ends_with("the app"));
    assert!(server.get("/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(server.get("/nothing").await.starts_with("HTTP/1.1 404"));
    let _ann = server.member("ann", "r1").await;
    let _bob = server.member("bob", "r1").await;
    server
        .wait("two participants", |server| {
            server
                .api
                .render_metrics()
                .contains("\nveche_participants 2\n")
        })
        .await;
    let metrics = server.get("/metrics").await;
    assert!(metrics.contains("\nveche_rooms 1\n"));
    assert!(metrics.contains("\nveche_sessions_opened_total 2\n"));
}

#[tokio::test]
async fn refusals_are_counted_by_reason() {
    let server = server().await;
    let mut ann = server.client("ann").await;
    ann.text("nonsense").await;
    ann.message("fail").await;
    ann.join("").await;
    let metrics = server.api.render_metrics();
    assert!(metrics.contains("veche_errors_total{code=\"bad_json\"} 1"));
    assert!(metrics.contains("veche_errors_total{code=\"room_name_missing\"} 1"));
}
