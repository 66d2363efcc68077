//! Compressed requests and answers (fusion.md §1.3 [D]): gzip and deflate by `Content-Encoding`, and by `Accept-Encoding`.

use std::borrow::Cow;
use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::{Request, Response, header};

use crate::fusion::fault::Fault;

/// Answers shorter than this go as they are, as web servers have it.
const WORTH_BYTES: usize = 1024;

/// The body of a request, unpacked.
pub(super) fn unpacked(request: &Request<Bytes>) -> Result<Cow<'_, [u8]>, Fault> {
    let named = request.headers().get(header::CONTENT_ENCODING);
    let body: &[u8] = request.body();
    let read = |mut reader: Box<dyn Read + '_>| {
        let mut out = Vec::new();
        reader
            .read_to_end(&mut out)
            .map_err(|e| Fault::bad(format!("The payload can't be unpacked: {e}"), "/"))?;
        Ok(Cow::Owned(out))
    };
    match named.map(|v| v.to_str().unwrap_or_default()) {
        None | Some("identity") => Ok(Cow::Borrowed(body)),
        Some("gzip") => read(Box::new(GzDecoder::new(body))),
        Some("deflate") => read(Box::new(ZlibDecoder::new(body))),
        Some(_) => Err(Fault {
            status: 415,
            details: Vec::new(),
        }),
    }
}

/// The coding to answer in: the first of gzip and deflate that the caller accepts.
fn wanted(request: &Request<Bytes>) -> Option<&'static str> {
    let value = request.headers().get(header::ACCEPT_ENCODING)?;
    let accepts = |coding: &str| {
        value.to_str().unwrap_or_default().split(',').any(|part| {
            let (name, quality) = part.split_once(';').unwrap_or((part, ""));
            let refused = quality.trim().strip_prefix("q=").is_some_and(|q| {
                let q = q.trim();
                !q.is_empty() && q.chars().all(|c| matches!(c, '0' | '.'))
            });
            name.trim().eq_ignore_ascii_case(coding) && !refused
        })
    };
    ["gzip", "deflate"].into_iter().find(|c| accepts(c))
}

/// The answer, packed if the caller takes that and it is worth it.
pub(super) fn packed(request: &Request<Bytes>, response: Response<Bytes>) -> Response<Bytes> {
    let Some(coding) = wanted(request).filter(|_| response.body().len() >= WORTH_BYTES) else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let done = if coding == "gzip" {
        let mut to = GzEncoder::new(Vec::new(), Compression::fast());
        to.write_all(&body).and_then(|()| to.finish())
    } else {
        let mut to = ZlibEncoder::new(Vec::new(), Compression::fast());
        to.write_all(&body).and_then(|()| to.finish())
    };
    let Ok(done) = done else {
        return Response::from_parts(parts, body);
    };
    let value = http::HeaderValue::from_static(coding);
    parts.headers.insert(header::CONTENT_ENCODING, value);
    let vary = http::HeaderValue::from_static("Accept-Encoding");
    parts.headers.insert(header::VARY, vary);
    Response::from_parts(parts, Bytes::from(done))
}
