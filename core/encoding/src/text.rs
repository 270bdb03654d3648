//! Plain text as Windows programs have written it over the years, such as licence terms.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252,
    WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257, WINDOWS_1258,
};
use headwater_model::is_unprintable;

/// The text of a file: by its byte order mark, else as UTF-8 if it is that, else in the code page that Windows has for
/// the language, such as `de` or `zh-tw`. Lines end in `\n`; of other characters that show nothing themselves and
/// command what shows them only tabulators stay.
pub fn decode(bytes: &[u8], language: &str) -> String {
    let unmarked = if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { code_page(language) };
    let (text, _, _) = unmarked.decode(bytes);
    let lines = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{c}', '\u{85}'], "\n");
    lines.chars().filter(|c| matches!(c, '\n' | '\t') || !is_unprintable(*c)).collect()
}

/// The code page of Windows in a language; that of Western Europe for those that are not named.
fn code_page(language: &str) -> &'static Encoding {
    let language = language.to_ascii_lowercase();
    let (base, rest) = language.split_once('-').unwrap_or((&language, ""));
    match base {
        "cs" | "hr" | "hu" | "pl" | "ro" | "sk" | "sl" | "sq" => WINDOWS_1250,
        "sr" | "bs" if !rest.starts_with("cyrl") => WINDOWS_1250,
        "be" | "bg" | "bs" | "kk" | "mk" | "ru" | "sr" | "uk" => WINDOWS_1251,
        "el" => WINDOWS_1253,
        "az" | "tr" => WINDOWS_1254,
        "he" => WINDOWS_1255,
        "ar" | "fa" | "ur" => WINDOWS_1256,
        "et" | "lt" | "lv" => WINDOWS_1257,
        "vi" => WINDOWS_1258,
        "th" => WINDOWS_874,
        "ja" => SHIFT_JIS,
        "ko" => EUC_KR,
        "zh" if ["tw", "hk", "mo", "hant"].iter().any(|place| rest.starts_with(place)) => BIG5,
        "zh" => GBK,
        _ => WINDOWS_1252,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_decides() {
        assert_eq!(decode(b"\xff\xfeL\0\xf6\0", "ru"), "L\u{f6}");
        assert_eq!(decode(b"\xfe\xff\0L\0\xf6", "ru"), "L\u{f6}");
        assert_eq!(decode(b"\xef\xbb\xbfL\xc3\xb6", "ru"), "L\u{f6}");
    }

    /// The bytes of each code page, as its table at unicode.org has them.
    #[test]
    fn without_one_it_is_utf8_or_the_code_page_of_the_language() {
        for (bytes, language, text) in [
            (&b"L\xc3\xb6sung"[..], "ja", "L\u{f6}sung"),
            (b"plain", "zh-tw", "plain"),
            (b"L\xf6sung \x80", "de", "L\u{f6}sung \u{20ac}"),
            (b"\xb3\xf3d\x9f", "pl", "\u{142}\u{f3}d\u{17a}"),
            (b"\xcf\xf0\xe0\xe2\xee", "RU", "\u{41f}\u{440}\u{430}\u{432}\u{43e}"),
            (b"\xfd\xfe", "tr-TR", "\u{131}\u{15f}"),
            (b"\xe1", "el", "\u{3b1}"),
            (b"\xe0", "he", "\u{5d0}"),
            (b"\xc7", "ar-sa", "\u{627}"),
            (b"\xa1", "th", "\u{e01}"),
            (b"\xed", "sr-cyrl-rs", "\u{43d}"),
            (b"\xe8", "sr-latn-rs", "\u{10d}"),
            (b"\x93\xfa\x96{", "ja", "\u{65e5}\u{672c}"),
            (b"\xc7\xd1", "ko", "\u{d55c}"),
            (b"\xd6\xd0", "zh-cn", "\u{4e2d}"),
            (b"\xa4\xa4", "zh-TW", "\u{4e2d}"),
            (b"\xa4\xa4", "zh-hant-hk", "\u{4e2d}"),
        ] {
            assert_eq!(decode(bytes, language), text, "{language}");
        }
    }

    #[test]
    fn it_has_lines_and_commands_nothing() {
        let text = "1.\tA\r\n2.\rB\u{c}3.\u{1b}[2J\0\u{202e}\u{200f}C\n";
        assert_eq!(decode(text.as_bytes(), "en"), "1.\tA\n2.\nB\n3.[2J\u{200f}C\n");
        assert_eq!(decode(b"", "en"), "");
    }
}
