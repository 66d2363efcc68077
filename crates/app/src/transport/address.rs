//! Which addresses may be called: the one the configuration names, and what an answer names only if it is a public host over https.
//!
//! A system's answer may name where to go on (the log-in of Sage Intacct does). The client has checked the host's name then; here stands the
//! second wall: the number behind the name. A name that was not configured and leads into a private network is not called, whatever the
//! answer or the name service says (OWASP ASVS 5, 1.3.6 and 13.2.4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::Uri;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The address that an operator configured.
#[derive(Debug, Clone)]
pub(super) struct Configured {
    host: String,
    is_https: bool,
}

impl Configured {
    pub(super) fn of(address: &str) -> Self {
        let uri: Uri = address.parse().unwrap_or_default();
        Self {
            host: plain(uri.host().unwrap_or_default()),
            is_https: uri.scheme_str() == Some("https"),
        }
    }

    /// Why `uri` may not be called; names are judged again when they are resolved.
    pub(super) fn refuses(&self, uri: &Uri) -> Option<String> {
        let host = plain(uri.host().unwrap_or_default());
        if host.is_empty() {
            return Some("the address has no host".to_owned());
        }
        if uri.scheme_str() != Some("https") && (self.is_https || host != self.host) {
            return Some(format!("{host} would be called without https"));
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Some(format!("the address of {host} holds a log-in"));
        }
        let is_number = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        (is_number && host != self.host)
            .then(|| format!("{host} is a number that nobody configured"))
    }
}

/// A host as it is compared.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// True if the number stands for a machine on the public network.
fn is_public(number: IpAddr) -> bool {
    match number {
        IpAddr::V4(number) => is_public_v4(number),
        IpAddr::V6(number) => is_public_v6(number),
    }
}

fn is_public_v4(number: Ipv4Addr) -> bool {
    let [a, b, c, _] = number.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocol = (a, b, c) == (192, 0, 0);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    !(number.is_private()
        || number.is_loopback()
        || number.is_link_local()
        || number.is_unspecified()
        || number.is_broadcast()
        || number.is_documentation()
        || number.is_multicast()
        || is_shared
        || is_protocol
        || is_benchmark
        || a == 0
        || a >= 240)
}

fn is_public_v6(number: Ipv6Addr) -> bool {
    // Numbers of the fourth version in the dress of the sixth, and those that translators unwrap.
    let parts = number.segments();
    if let Some(inner) = number.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    if parts.starts_with(&[0x64, 0xff9b, 0, 0, 0, 0]) || parts.starts_with(&[0, 0, 0, 0, 0, 0]) {
        let [.., a, b, c, d] = number.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    let [first, second, ..] = parts;
    let is_documentation = first == 0x2001 && second == 0xdb8;
    let is_tunnel = first == 0x2002 || (first == 0x2001 && second == 0);
    // Only 2000::/3 is given out to machines.
    (first & 0xe000) == 0x2000 && !is_documentation && !is_tunnel
}

/// Looks names up, and leaves private numbers out for names that were not configured.
pub(super) struct Guarded(pub(super) Arc<Configured>);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let configured = Arc::clone(&self.0);
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let allowed = allowed(&configured, &host, found.collect());
            if allowed.is_empty() {
                return Err(format!("{host} leads into a private network").into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

fn allowed(configured: &Configured, host: &str, found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let is_configured = plain(host) == configured.host;
    let mut found = found;
    found.retain(|address| is_configured || is_public(address.ip()));
    found
}

#[cfg(test)]
mod tests {
    use super::{Configured, allowed};

    /// What stands behind a name, or nothing if the address alone decides.
    fn may_call(address: &str, behind: &str) -> bool {
        let named = Configured::of("https://api.intacct.com/ia/xml/xmlgw.phtml");
        let Ok(uri) = address.parse() else {
            return false;
        };
        if named.refuses(&uri).is_some() {
            return false;
        }
        if behind.is_empty() {
            return true;
        }
        let number = behind.parse().unwrap();
        let found = vec![std::net::SocketAddr::new(number, 443)];
        !allowed(&named, uri.host().unwrap(), found).is_empty()
    }

    #[test]
    fn thirty_addresses_that_an_answer_may_name_are_not_called() {
        let hostile = [
            ("http://api.intacct.com/ia/xml/xmlgw.phtml", ""),
            ("http://p1.intacct.com/", "203.0.114.9"),
            ("ftp://p1.intacct.com/", ""),
            ("https://127.0.0.1/", ""),
            ("https://[::1]/", ""),
            ("https://[::ffff:127.0.0.1]/", ""),
            ("https://169.254.169.254/latest/meta-data/", ""),
            ("https://10.0.0.1/", ""),
            ("https://8.8.8.8/", ""),
            ("https://user:pass@p1.intacct.com/", ""),
            ("/ia/xml/xmlgw.phtml", ""),
            ("https:///path", ""),
            ("https://p1.intacct.com/", "127.0.0.1"),
            ("https://p1.intacct.com/", "10.1.2.3"),
            ("https://p1.intacct.com/", "172.16.0.9"),
            ("https://p1.intacct.com/", "192.168.1.1"),
            ("https://p1.intacct.com/", "169.254.169.254"),
            ("https://p1.intacct.com/", "100.64.0.1"),
            ("https://p1.intacct.com/", "0.0.0.0"),
            ("https://p1.intacct.com/", "192.0.0.8"),
            ("https://p1.intacct.com/", "198.18.0.1"),
            ("https://p1.intacct.com/", "224.0.0.1"),
            ("https://p1.intacct.com/", "255.255.255.255"),
            ("https://p1.intacct.com/", "::1"),
            ("https://p1.intacct.com/", "fe80::1"),
            ("https://p1.intacct.com/", "fd00::1"),
            ("https://p1.intacct.com/", "::ffff:10.0.0.1"),
            ("https://p1.intacct.com/", "64:ff9b::10.0.0.1"),
            ("https://p1.intacct.com/", "2002:0a00:0001::1"),
            ("https://p1.intacct.com/", "::127.0.0.1"),
        ];
        for (address, behind) in hostile {
            assert!(!may_call(address, behind), "{address} {behind}");
        }
        assert_eq!(hostile.len(), 30);
    }

    #[test]
    fn the_configured_address_and_public_hosts_are_called() {
        let named = "https://api.intacct.com/ia/xml/xmlgw.phtml";
        assert!(may_call(named, ""));
        // A gateway of the operator's own, named in the configuration.
        assert!(may_call(named, "10.0.0.1"));
        assert!(may_call("https://p1.intacct.com/", "199.27.128.1"));
        assert!(may_call("https://p1.intacct.com/", "2606:4700::1"));
        let local = Configured::of("http://127.0.0.1:4242/ia/xml/xmlgw.phtml");
        let to = "http://127.0.0.1:4242/ia/xml/xmlgw.phtml";
        assert_eq!(local.refuses(&to.parse().unwrap()), None);
        assert!(
            local
                .refuses(&"http://127.0.0.2/".parse().unwrap())
                .is_some()
        );
    }
}
