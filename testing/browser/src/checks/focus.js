// Gives the focus to one element after the other and looks whether that can be seen.
const REACHED = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable]';
const ring = (element) => {
    // What moves there is where it goes already.
    for (const moving of element.getAnimations()) if (moving instanceof CSSTransition) moving.finish();
    const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(element);
    const isDrawn = outlineStyle !== 'none' && parseFloat(outlineWidth) > 0 && !/, 0\)$|\/ 0\)$/.test(outlineColor);
    return (isDrawn ? [outlineStyle, outlineWidth, outlineColor].join(' ') : '') + boxShadow;
};
const rings = (element) => [element, element.parentElement, ...(element.labels ?? [])].map(ring).join();

// A page is laid out anew for each focus, which takes too long for thousands of links. Those with the same
// classes in the same place look the same.
const ALIKE_MAX = 3;
const kinds = new Map();
const kind = (element) => (element ? `${kind(element.parentElement)} ${element.localName}.${element.className}` : '');
const isFew = (element) => {
    const times = kinds.get(kind(element)) ?? 0;
    kinds.set(kind(element), times + 1);
    return times < ALIKE_MAX;
};

document.activeElement.blur();
for (const element of all(REACHED)) {
    if (element.tabIndex < 0 || element.matches(':disabled') || !isShown(element) || !isFew(element)) continue;
    const before = rings(element);
    element.focus({ preventScroll: true });
    // Some others take what is meant for them.
    if (document.activeElement === element && rings(element) === before) {
        say('focus', `${describe(element)} looks the same with the focus`);
    }
    element.blur();
}
