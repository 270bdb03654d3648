// Collects what the checks say.
const SENTENCES_MAX = 10;
const said = new Map();
const say = (rule, sentence) => {
    if (!said.has(rule)) said.set(rule, []);
    said.get(rule).push(sentence);
};
const findings = () => [...said].flatMap(([rule, sentences]) => {
    const told = sentences.slice(0, SENTENCES_MAX).map((sentence) => `${rule}: ${sentence}`);
    const more = sentences.length - told.length;
    return more ? [...told, `${rule}: and ${more} more`] : told;
});

const all = (css, within = document) => [...within.querySelectorAll(css)];
const isShown = (element) => element.checkVisibility({ visibilityProperty: true });
