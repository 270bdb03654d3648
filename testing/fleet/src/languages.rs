//! The languages of localized properties, with enough words for a title and a description in the
//! script of each.

/// One language of update titles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language {
    /// As documents name it.
    pub code: &'static str,
    /// "Update for", to be followed by a product.
    pub update_for: &'static str,
    pub description: &'static str,
}

const fn language(code: &'static str, update_for: &'static str, description: &'static str) -> Language {
    Language { code, update_for, description }
}

/// English first, then all others that update servers offer.
pub(crate) const LANGUAGES: [Language; 38] = [
    language(
        "en",
        "Update for",
        "Install this update to resolve issues in the product. You may have to restart.",
    ),
    language("ar", "تحديث لـ", "قم بتثبيت هذا التحديث لحل المشكلات في المنتج. قد تحتاج إلى إعادة التشغيل."),
    language(
        "bg",
        "Актуализация за",
        "Инсталирайте тази актуализация, за да отстраните проблеми в продукта.",
    ),
    language("cs", "Aktualizace pro", "Nainstalujte tuto aktualizaci a vyřešte problémy v produktu."),
    language("da", "Opdatering til", "Installer denne opdatering for at løse problemer i produktet."),
    language("de", "Update für", "Installieren Sie dieses Update, um Probleme im Produkt zu beheben."),
    language("el", "Ενημέρωση για", "Εγκαταστήστε αυτή την ενημέρωση για να επιλύσετε ζητήματα στο προϊόν."),
    language("es", "Actualización para", "Instale esta actualización para resolver problemas del producto."),
    language("et", "Värskendus tootele", "Installige see värskendus, et lahendada toote probleemid."),
    language("fi", "Päivitys tuotteelle", "Asenna tämä päivitys, niin tuotteen ongelmat korjautuvat."),
    language("fr", "Mise à jour pour", "Installez cette mise à jour pour résoudre des problèmes du produit."),
    language("he", "עדכון עבור", "התקן עדכון זה כדי לפתור בעיות במוצר. ייתכן שיהיה צורך בהפעלה מחדש."),
    language("hi", "के लिए अद्यतन", "उत्पाद की समस्याएँ हल करने के लिए यह अद्यतन स्थापित करें।"),
    language("hr", "Ažuriranje za", "Instalirajte ovo ažuriranje da biste riješili probleme u proizvodu."),
    language("hu", "Frissítés a következőhöz:", "Telepítse ezt a frissítést a termék hibáinak javításához."),
    language(
        "it",
        "Aggiornamento per",
        "Installare questo aggiornamento per risolvere i problemi del prodotto.",
    ),
    language("ja", "更新プログラム:", "この更新プログラムをインストールすると、製品の問題が解決されます。"),
    language(
        "ja-nec",
        "更新プログラム:",
        "この更新プログラムをインストールすると、製品の問題が解決されます。",
    ),
    language("ko", "업데이트:", "제품의 문제를 해결하려면 이 업데이트를 설치하세요."),
    language("lt", "Naujinimas, skirtas", "Įdiekite šį naujinimą, kad išspręstumėte produkto problemas."),
    language(
        "lv",
        "Atjauninājums produktam",
        "Instalējiet šo atjauninājumu, lai novērstu produkta problēmas.",
    ),
    language("nl", "Update voor", "Installeer deze update om problemen in het product op te lossen."),
    language("no", "Oppdatering for", "Installer denne oppdateringen for å løse problemer i produktet."),
    language("pl", "Aktualizacja dla", "Zainstaluj tę aktualizację, aby rozwiązać problemy z produktem."),
    language("pt", "Atualização para", "Instale esta atualização para resolver problemas do produto."),
    language("pt-br", "Atualização do", "Instale esta atualização para resolver problemas no produto."),
    language(
        "ro",
        "Actualizare pentru",
        "Instalați această actualizare pentru a rezolva problemele produsului.",
    ),
    language("ru", "Обновление для", "Установите это обновление, чтобы устранить проблемы в продукте."),
    language("sk", "Aktualizácia pre", "Nainštalujte túto aktualizáciu a vyriešte problémy v produkte."),
    language("sl", "Posodobitev za", "Namestite to posodobitev, da odpravite težave v izdelku."),
    language("sr", "Ispravka za", "Instalirajte ovu ispravku da biste rešili probleme u proizvodu."),
    language("sv", "Uppdatering för", "Installera uppdateringen för att lösa problem i produkten."),
    language("th", "การปรับปรุงสำหรับ", "ติดตั้งการปรับปรุงนี้เพื่อแก้ไขปัญหาในผลิตภัณฑ์"),
    language("tr", "Güncelleştirme:", "Üründeki sorunları gidermek için bu güncelleştirmeyi yükleyin."),
    language("uk", "Оновлення для", "Інсталюйте це оновлення, щоб усунути проблеми в продукті."),
    language("zh-cn", "更新：", "安装此更新可解决产品中的问题。可能需要重新启动。"),
    language("zh-hk", "更新：", "安裝此更新可解決產品中的問題。可能需要重新啟動。"),
    language("zh-tw", "更新：", "安裝此更新可解決產品中的問題。可能需要重新啟動。"),
];
