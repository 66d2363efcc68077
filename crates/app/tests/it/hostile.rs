//! A source that answers with what no well-meaning system sends: the work stops with words, nothing is captured, and it goes on once the
//! answers are good again.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::program::{Twin, golden};

/// Answers every request with the same bytes until the test ends.
fn stranger(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let body = body.clone();
            std::thread::spawn(move || answer(&mut stream.unwrap(), &body));
        }
    });
    format!("http://{address}")
}

fn answer(stream: &mut TcpStream, body: &str) {
    let mut request = Vec::new();
    let mut block = [0; 4096];
    loop {
        let count = stream.read(&mut block).unwrap_or(0);
        if count == 0 {
            return;
        }
        request.extend_from_slice(&block[..count]);
        let text = String::from_utf8_lossy(&request).to_lowercase();
        let Some(end) = text.find("\r\n\r\n") else {
            continue;
        };
        let announced = text.split("content-length: ").nth(1);
        let announced = announced.and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        if request.len() >= end + 4 + announced.unwrap_or(0) {
            break;
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

#[test]
fn hostile_answers_of_the_source_are_named_and_cost_nothing() {
    let twin = Twin::start(&golden());
    let right = std::fs::read_to_string(twin.config()).unwrap();
    let entities: String = (1..12)
        .map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10)))
        .collect();
    let expansion = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE response [<!ENTITY e0 \"ha\">{entities}]><response>&e11;</response>"
    );
    let deep = format!("<response>{}", "<a>".repeat(100_000));
    for (body, words) in [
        (expansion, "a document type declaration"),
        (deep, "nested deeper than 64"),
    ] {
        twin.configure(|config| config["intacct"]["endpoint"] = stranger(body).into());
        let ended = twin.drain().expect(3);
        ended.says(&["intacct", words, "nothing is lost"]);
        assert!(twin.documents(None).is_empty());
    }
    std::fs::write(twin.config(), right).unwrap();
    twin.drain().expect(0);
}
