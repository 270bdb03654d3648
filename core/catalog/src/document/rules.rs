//! `ApplicabilityRules` and `HandlerSpecificData`: agents read them, but for what a driver is for
//! and what a category is.

use headwater_xml::Error;

use super::{Reason, value};
use crate::facts::{Category, CategoryKind, Driver, FeatureScore};
use crate::limits::{DRIVER_ENTRIES_MAX, VALUE_CHARS_MAX};
use crate::scribe::{Scribe, Tag};

/// [MS-WUSP] 3.1.1.1, the driver tables
pub(super) fn drivers(scribe: &mut Scribe<'_>, out: &mut String) -> Result<Vec<Driver>, Reason> {
    let mut drivers = Vec::new();
    let mut entries = 0;
    while let Some(tag) = scribe.child(out)? {
        if tag.name() != "Metadata" {
            scribe.rest(out)?;
            continue;
        }
        while let Some(tag) = scribe.child(out)? {
            if tag.name() != "WindowsDriverMetaData" {
                scribe.rest(out)?;
                continue;
            }
            drivers.push(driver(scribe, &tag, out, &mut entries)?);
            count(&mut entries)?;
        }
    }
    Ok(drivers)
}

fn count(entries: &mut usize) -> Result<(), Reason> {
    *entries += 1;
    if *entries > DRIVER_ENTRIES_MAX {
        return Err(Error::TooMany { name: "WindowsDriverMetaData", max: DRIVER_ENTRIES_MAX }.into());
    }
    Ok(())
}

fn driver(
    scribe: &mut Scribe<'_>,
    tag: &Tag<'_>,
    out: &mut String,
    entries: &mut usize,
) -> Result<Driver, Reason> {
    let text = |name| Ok::<_, Reason>(value::optional(tag, name, VALUE_CHARS_MAX)?.unwrap_or_default());
    let mut driver = Driver {
        hardware_id: value::short("HardwareID", value::required(tag, "HardwareID")?, VALUE_CHARS_MAX)?,
        version_date: text("DriverVerDate")?,
        version: text("DriverVerVersion")?,
        class: text("Class")?,
        manufacturer: text("Manufacturer")?,
        provider: text("Provider")?,
        model: text("Model")?,
        whql_driver_id: value::parsed(tag, "WhqlDriverID", "a number")?,
        feature_scores: Vec::new(),
        distribution_computer_hardware_ids: Vec::new(),
        target_computer_hardware_ids: Vec::new(),
    };
    while let Some(child) = scribe.child(out)? {
        count(entries)?;
        match child.name() {
            "FeatureScore" => {
                driver.feature_scores.push(feature_score(&child)?);
                scribe.rest(out)?;
            }
            "DistributionComputerHardwareId" => {
                driver.distribution_computer_hardware_ids.push(computer_hardware_id(scribe, out)?);
            }
            "TargetComputerHardwareId" => {
                driver.target_computer_hardware_ids.push(computer_hardware_id(scribe, out)?);
            }
            _ => scribe.rest(out)?,
        }
    }
    Ok(driver)
}

fn computer_hardware_id(scribe: &mut Scribe<'_>, out: &mut String) -> Result<String, Reason> {
    value::short("ComputerHardwareId", scribe.text(out)?, VALUE_CHARS_MAX)
}

/// The score is written in hexadecimal, from 00 to FF.
fn feature_score(tag: &Tag<'_>) -> Result<FeatureScore, Reason> {
    let score = value::required(tag, "FeatureScore")?;
    let operating_system = value::required(tag, "OperatingSystem")?;
    Ok(FeatureScore {
        operating_system: value::short("OperatingSystem", operating_system, VALUE_CHARS_MAX)?,
        score: u8::from_str_radix(score.trim(), 16)
            .map_err(|error| Error::value("FeatureScore", &score, error))?,
    })
}

/// What `HandlerSpecificData` says about a category ([MS-WSUSSS] 3.1.1.1, *CategoryType*).
pub(super) fn category(scribe: &mut Scribe<'_>, out: &mut String) -> Result<Option<Category>, Reason> {
    let mut category = None;
    while let Some(tag) = scribe.child(out)? {
        if tag.name() == "CategoryInformation" {
            category = Some(Category {
                kind: category_kind(&value::required(&tag, "CategoryType")?)?,
                prohibits_subcategories: value::boolean(&tag, "ProhibitsSubcategories")?,
                prohibits_updates: value::boolean(&tag, "ProhibitsUpdates")?,
                excluded_by_default: value::boolean(&tag, "ExcludedByDefault")?,
                display_order: value::parsed(&tag, "DisplayOrder", "a number")?,
            });
        }
        scribe.rest(out)?;
    }
    Ok(category)
}

fn category_kind(text: &str) -> Result<CategoryKind, Reason> {
    match text {
        "Company" => Ok(CategoryKind::Company),
        "ProductFamily" => Ok(CategoryKind::ProductFamily),
        "Product" => Ok(CategoryKind::Product),
        "UpdateClassification" => Ok(CategoryKind::Classification),
        _ => {
            let expected = "expected Company, ProductFamily, Product or UpdateClassification";
            Err(Error::value("CategoryType", text, expected).into())
        }
    }
}
