//! What agents say of their products, beside the specification (fact 16).

use std::fmt::Write as _;

use headwater_xml::Writer;

use crate::computer::CLIENT_VERSION;

/// Attributes of a device and products that a scan in full names. With them a request is as long as
/// a real one, 23 to 28 KB where 1,100 revisions are cached; every name and value is invented.
const ATTRIBUTES: u32 = 70;
const PRODUCTS: u32 = 27;

/// The parameters of a scan by categories name no products, those of a scan in full do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Products {
    None,
    Installed,
}

/// Puts `ProductsParameters` last among the parameters of a call of SyncUpdates, where agents have
/// it. The message itself does not know it, for servers skip it.
pub(crate) fn insert(body: &mut String, products: Products) {
    let mut writer = Writer::new();
    writer.element("ProductsParameters", |writer| {
        writer.boolean("SyncCurrentVersionOnly", false);
        writer.value("DeviceAttributes", attributes());
        writer.value("CallerAttributes", "Interactive=0;SheddingAware=1;Id=Headwater;");
        match products {
            Products::None => writer.element("Products", |_| {}),
            Products::Installed => writer.value("Products", installed()),
        }
    });
    if let Some(end) = body.rfind("</parameters>") {
        body.insert_str(end, &writer.into_string());
    }
}

fn attributes() -> String {
    let mut text = format!("App=Headwater;AppVer={CLIENT_VERSION};");
    for number in 0..ATTRIBUTES {
        // Writing to a `String` does not fail.
        let _ = write!(text, "SimulatedAttribute{number:02}={};", number * 104_729);
    }
    text
}

fn installed() -> String {
    let mut text = String::new();
    for number in 0..PRODUCTS {
        let _ = write!(text, "PN=Headwater.Simulated.Product{number:02}.amd64&Branch=simulated_release&");
        let _ = write!(text, "PrimaryOSProduct=0&Repairable=1&V=10.0.{}.{number};", 26_200 - number);
    }
    text
}
