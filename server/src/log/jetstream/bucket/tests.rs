//! Buckets of a real server.

use super::super::tests::Nats;
use super::*;

async fn bucket(nats: &Nats) -> Bucket {
    Bucket::open(&nats.connection, "arcane-state", Replicas::One).await.unwrap()
}

fn texts(kept: &[(&str, &str)]) -> Vec<(String, String)> {
    kept.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn what_is_kept_is_listed_in_order_until_it_is_forgotten() {
    let Some(nats) = Nats::start().await else { return };
    let bucket = bucket(&nats).await;
    assert_eq!(bucket.list("").await.unwrap(), []);
    let all = [("a/b/c", "1"), ("a/b é/d", "2"), ("a/b", "3"), ("ab/c", "4"), ("a/b/d", ""), ("z", "ü\n")];
    bucket.write(&all.map(|(key, value)| Record::keep(key, value))).await.unwrap();
    bucket.write(&[Record::forget("ab/c"), Record::forget("none"), Record::keep("a/b", "5")]).await.unwrap();
    let kept = [("a/b", "5"), ("a/b é/d", "2"), ("a/b/c", "1"), ("a/b/d", ""), ("z", "ü\n")];
    assert_eq!(bucket.list("").await.unwrap(), texts(&kept));
    assert_eq!(bucket.list("a/").await.unwrap(), texts(&kept[..4]));
    assert_eq!(bucket.list("a/b").await.unwrap(), texts(&kept[..4]));
    assert_eq!(bucket.list("a/b/").await.unwrap(), texts(&kept[2..4]));
    assert_eq!(bucket.list("a/b/c/").await.unwrap(), []);
    let again = self::bucket(&nats).await;
    assert_eq!(again.list("z").await.unwrap(), texts(&kept[4..]));
}

#[tokio::test]
async fn a_list_of_many_keys_is_whole() {
    let Some(nats) = Nats::start().await else { return };
    let bucket = bucket(&nats).await;
    let records: Vec<Record> = (0..2500).map(|n| Record::keep(format!("key/main/{n:05}"), "v")).collect();
    bucket.write(&records).await.unwrap();
    let forgotten: Vec<Record> = (0..1200).map(|n| Record::forget(format!("key/main/{n:05}"))).collect();
    bucket.write(&forgotten).await.unwrap();
    let kept = bucket.list("key/main/").await.unwrap();
    assert_eq!((kept.len(), kept[0].0.as_str()), (1300, "key/main/01200"));
    assert!(kept.is_sorted());
}

#[tokio::test]
async fn of_two_who_change_a_key_one_is_beaten() {
    let Some(nats) = Nats::start().await else { return };
    let bucket = bucket(&nats).await;
    assert_eq!(bucket.get("room/main").await.unwrap(), Kept::default());
    let Swap::Done(first) = bucket.swap("room/main", Some("a"), 0).await.unwrap() else { panic!() };
    assert_eq!(bucket.swap("room/main", Some("b"), 0).await.unwrap(), Swap::Beaten);
    assert_eq!(bucket.get("room/main").await.unwrap(), Kept { value: Some("a".into()), revision: first });
    let Swap::Done(second) = bucket.swap("room/main", None, first).await.unwrap() else { panic!() };
    assert_eq!(bucket.swap("room/main", Some("c"), first).await.unwrap(), Swap::Beaten);
    assert_eq!(bucket.get("room/main").await.unwrap(), Kept { value: None, revision: second });
    assert!(matches!(bucket.swap("room/main", Some("d"), second).await.unwrap(), Swap::Done(_)));
    assert_eq!(bucket.put("room/main", "e").await.unwrap(), bucket.get("room/main").await.unwrap().revision);
    bucket.delete("room/main").await.unwrap();
    assert_eq!(bucket.get("room/main").await.unwrap().value, None);
}

#[tokio::test]
async fn what_a_bucket_does_not_keep_is_told() {
    let Some(nats) = Nats::start().await else { return };
    let bucket = bucket(&nats).await;
    bucket.put("large", &"x".repeat(VALUE_MAX)).await.unwrap();
    let mut errors = vec![
        bucket.put("larger", &"x".repeat(VALUE_MAX + 1)).await.unwrap_err().to_string(),
        bucket.put("", "x").await.unwrap_err().to_string(),
    ];
    let other = kv::Config { bucket: "other".into(), history: 5, ..kv::Config::default() };
    nats.connection.context().create_key_value(other).await.unwrap();
    errors.push(Bucket::open(&nats.connection, "other", Replicas::One).await.unwrap_err().to_string());
    nats.connection.context().delete_key_value("arcane-state").await.unwrap();
    errors.push(bucket.put("a", "b").await.unwrap_err().to_string());
    errors.push(bucket.get("a").await.unwrap_err().to_string());
    errors.push(bucket.list("a").await.unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
    the value of "larger" has 921601 bytes, more than the 921600 that a bucket keeps
    the key "" is empty or too long for a bucket
    the bucket other has a history of 5: delete it, or choose another prefix
    no nats-server answers for the stream: it was deleted, the servers that keep it are down, or allow_direct is false
    the stream was deleted
    no nats-server answers for the stream: it was deleted, the servers that keep it are down, or allow_direct is false
    "#);
}

#[tokio::test]
async fn changes_are_heard_in_their_order_once_they_are_kept() {
    let Some(nats) = Nats::start().await else { return };
    let bucket = bucket(&nats).await;
    bucket.put("a", "0").await.unwrap();
    let mut changes = bucket.changes("a/").await.unwrap();
    bucket.put("b/c", "of others").await.unwrap();
    let first = bucket.put("a/b é", "1").await.unwrap();
    assert_eq!(bucket.swap("a/b é", Some("2"), first + 5).await.unwrap(), Swap::Beaten);
    let second = bucket.delete("a/b é").await.unwrap();
    let kept = Kept { value: Some("1".into()), revision: first };
    assert_eq!(changes.next().await, Some(Change { key: "a/b é".into(), kept }));
    let kept = Kept { value: None, revision: second };
    assert_eq!(changes.next().await, Some(Change { key: "a/b é".into(), kept }));
}
