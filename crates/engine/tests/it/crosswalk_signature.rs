//! Nothing but a good signature by a trusted key opens a file.

use serde_json::{Value, json};
use tieout_engine::crosswalk::{
    Crosswalk, CrosswalkError, KeyFault, REFERENCE_TYPE, SealFault, SealingKey, TrustedKeys,
    VERSION_TYPE, open, seal,
};

use crate::crosswalk_company::{reference, rules, signer, trust};

const KIND: &str = "text/plain";

#[test]
fn a_sealed_payload_comes_back() {
    let sealed = seal(KIND, b"hello", &signer());
    let opened = open(&sealed, &trust()).unwrap();
    assert_eq!(
        (opened.payload_type.as_str(), &opened.payload[..]),
        (KIND, &b"hello"[..])
    );
    assert!(opened.signers.contains("controller"));
    assert_eq!(sealed, seal(KIND, b"hello", &signer()));
}

#[test]
fn no_byte_of_an_envelope_can_be_flipped() {
    let sealed = seal(KIND, "the rules of 2026".as_bytes(), &signer());
    let trust = trust();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut forged = sealed.clone();
            forged[at] ^= 1 << bit;
            let found = open(&forged, &trust);
            assert!(found.is_err(), "bit {bit} of byte {at}: {found:?}");
        }
    }
}

#[test]
fn payload_type_and_signature_are_bound_together() {
    let sealed = seal(KIND, b"hello", &signer());
    let change = |pointer: &str, value: Value| {
        let mut envelope: Value = serde_json::from_slice(&sealed).unwrap();
        *envelope.pointer_mut(pointer).unwrap() = value;
        open(envelope.to_string().as_bytes(), &trust())
    };
    let altered = Err(SealFault::Altered("controller".into()));
    assert_eq!(change("/payload", json!("aGVsbG8h")), altered);
    assert_eq!(change("/payloadType", json!("text/html")), altered);
    let other = SealingKey::from_secret("controller", &[8; 32]);
    let other: Value = serde_json::from_slice(&seal(KIND, b"hello", &other)).unwrap();
    let sig = other["signatures"][0]["sig"].clone();
    assert_eq!(change("/signatures/0/sig", sig), altered);
    assert_eq!(change("/signatures", json!([])), Err(SealFault::Unsigned));
    let short = change("/signatures/0/sig", json!("AAAA"));
    assert!(matches!(short, Err(SealFault::NotSealed(_))));
}

#[test]
fn every_signature_must_be_good() {
    let sealed = seal(KIND, b"hello", &signer());
    let stranger = SealingKey::from_secret("stranger", &[9; 32]);
    let second: Value = serde_json::from_slice(&seal(KIND, b"hello", &stranger)).unwrap();
    let mut envelope: Value = serde_json::from_slice(&sealed).unwrap();
    let all = envelope["signatures"].as_array_mut().unwrap();
    all.push(second["signatures"][0].clone());
    let bytes = envelope.to_string();
    let mut trust = trust();
    let found = open(bytes.as_bytes(), &trust);
    assert_eq!(found, Err(SealFault::UnknownKey("stranger".into())));
    trust.trust("stranger", &stranger.public(), None).unwrap();
    assert_eq!(open(bytes.as_bytes(), &trust).unwrap().signers.len(), 2);
}

#[test]
fn revoked_keys_and_keys_out_of_their_role_do_not_count() {
    let sealed = seal(KIND, b"hello", &signer());
    let mut revoked = trust();
    revoked.revoke("controller").unwrap();
    let found = open(&sealed, &revoked);
    assert_eq!(found, Err(SealFault::RevokedKey("controller".into())));
    let mut limited = TrustedKeys::new();
    let public = signer().public();
    limited
        .trust("controller", &public, Some(VERSION_TYPE))
        .unwrap();
    let found = open(&sealed, &limited);
    assert!(matches!(found, Err(SealFault::WrongRole { .. })));
    assert!(open(&seal(VERSION_TYPE, b"{}", &signer()), &limited).is_ok());
}

#[test]
fn key_rings_refuse_doubles_and_weak_keys() {
    let mut trust = trust();
    let twice = trust.trust("controller", &[1; 32], None);
    assert!(matches!(
        twice,
        Err(KeyFault::Twice(_) | KeyFault::Unusable(_))
    ));
    let mut identity = [0; 32];
    identity[0] = 1;
    let weak = trust.trust("weak", &identity, None);
    assert_eq!(weak, Err(KeyFault::Unusable("weak".into())));
    assert_eq!(
        trust.revoke("nobody"),
        Err(KeyFault::Unknown("nobody".into()))
    );
}

#[test]
fn unsealed_files_trailing_bytes_and_doubled_members_are_refused() {
    let sealed = String::from_utf8(seal(KIND, b"hello", &signer())).unwrap();
    let forms = [
        "hello".to_owned(),
        "{}".to_owned(),
        format!("{sealed} x"),
        format!("{sealed}{sealed}"),
        sealed.replacen('{', "{\"extra\":1,", 1),
        sealed.replacen('{', "{\"payload\":\"aGVsbG8=\",", 1),
        sealed.replace("aGVsbG8=", "aGVsbG8"),
        sealed.replace("aGVsbG8=", "aGVsbG9="),
    ];
    for form in forms {
        let found = open(form.as_bytes(), &trust());
        assert!(
            matches!(found, Err(SealFault::NotSealed(_))),
            "{form}: {found:?}"
        );
    }
}

#[test]
fn a_crosswalk_needs_every_file_sealed_as_what_it_is() {
    let version = rules("golden", "v1").to_string();
    let data = reference("golden").canonical_bytes();
    let sealed = seal(VERSION_TYPE, version.as_bytes(), &signer());
    let sealed_data = seal(REFERENCE_TYPE, &data, &signer());
    let trust = trust();
    assert!(Crosswalk::open(std::slice::from_ref(&sealed), &sealed_data, &trust).is_ok());
    let unsigned = Crosswalk::open(&[version.into_bytes()], &sealed_data, &trust);
    assert!(matches!(unsigned, Err(CrosswalkError::Seal { .. })));
    let unsigned = Crosswalk::open(std::slice::from_ref(&sealed), &data, &trust);
    assert!(matches!(unsigned, Err(CrosswalkError::Seal { .. })));
    let swapped = Crosswalk::open(std::slice::from_ref(&sealed_data), &sealed_data, &trust);
    assert!(matches!(swapped, Err(CrosswalkError::WrongType { .. })));
    let nobody = Crosswalk::open(&[sealed], &sealed_data, &TrustedKeys::new());
    assert!(nobody.unwrap_err().to_string().contains("not trusted"));
    let none = Crosswalk::open(&[], &sealed_data, &trust);
    assert!(matches!(none, Err(CrosswalkError::NoVersion)));
}

#[test]
fn the_signature_covers_the_encoding_of_the_specification() {
    use base64::Engine as _;
    use ed25519_dalek::Signer as _;
    let sealed = seal("http://example.com/HelloWorld", b"hello world", &signer());
    let envelope: Value = serde_json::from_slice(&sealed).unwrap();
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let signature = key.sign(b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    let text = base64::engine::general_purpose::STANDARD.encode(signature.to_bytes());
    assert_eq!(envelope["signatures"][0]["sig"], json!(text));
    assert_eq!(envelope["payload"], json!("aGVsbG8gd29ybGQ="));
}
