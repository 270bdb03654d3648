// What can be told from the elements and their attributes alone.
const isSpoken = (element) => isShown(element) && !element.closest('[aria-hidden=true]');
const referred = (element, attribute) => (element.getAttribute(attribute) ?? '').split(/\s+/).filter(Boolean);
// The value of a field is not its name.
const SILENT = ['select', 'textarea', 'script', 'style'];

// What a screen reader says for what is inside of a node ([Accessible Name and Description Computation]).
const words = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE || SILENT.includes(node.localName)) return '';
    if (node.getAttribute('aria-hidden') === 'true') return '';
    const own = node.getAttribute('aria-label') || node.getAttribute('alt');
    if (own) return own;
    const parts = [...node.childNodes].filter((part) => part.nodeType !== Node.ELEMENT_NODE
        || part.localName === 'title' || isShown(part));
    return parts.map(words).join(' ') || node.getAttribute('title') || '';
};
const given = (element) => {
    const labels = referred(element, 'aria-labelledby').map((id) => document.getElementById(id));
    const name = [...labels, ...(element.labels ?? [])].filter(Boolean).map(words).join(' ');
    return name.trim() || element.getAttribute('aria-label') || element.getAttribute('title') || '';
};
const nameOf = (element) => {
    if (given(element)) return given(element);
    if (element.localName !== 'input') return SILENT.includes(element.localName) ? '' : words(element);
    if (['submit', 'reset'].includes(element.type)) return element.value || element.type;
    if (element.type === 'button') return element.value;
    return element.type === 'image' ? element.alt : '';
};
const NAMED = 'a[href], button, input:not([type=hidden]), select, textarea, summary, '
    + '[role=button], [role=link], [role=checkbox], [role=tab], [role=menuitem]';
for (const element of all(NAMED).filter(isSpoken)) {
    if (!nameOf(element).trim()) say('name', `${describe(element)} has no accessible name`);
}

for (const element of all('img, svg, [role=img]').filter(isSpoken)) {
    // A drawing in a drawing is part of it; an empty `alt` says that there is nothing to say.
    const alt = element.getAttribute('alt');
    if (element.ownerSVGElement || alt === '') continue;
    const title = all(':scope > title', element).map((part) => part.textContent).join('');
    if (!(title + given(element) + (alt ?? '')).trim()) say('picture', `${describe(element)} has neither a name nor aria-hidden`);
}

const headings = all('h1, h2, h3, h4, h5, h6').filter(isSpoken);
const first = headings.filter((heading) => heading.localName === 'h1').length;
if (first !== 1) say('heading', `the page has ${first} h1`);
headings.reduce((before, heading) => {
    const level = Number(heading.localName[1]);
    if (level > before + 1) say('heading', `${describe(heading)} follows h${before}`);
    return level;
}, headings.length ? Number(headings[0].localName[1]) : 0);

const counted = (css) => all(css).filter((element) => !element.closest('dialog:not([open])')).length;
// In these a header is theirs and not the page's.
const PARTS = ['main', 'article', 'aside', 'nav', 'section'];
const header = `header:not(:is(${PARTS}) header), [role=banner]`;
if (counted(header) !== 1) say('landmark', `the page has ${counted(header)} header`);
if (counted('main, [role=main]') !== 1) say('landmark', `the page has ${counted('main, [role=main]')} main`);
if (counted('nav, [role=navigation]') === 0) say('landmark', 'the page has no nav');

if (!document.documentElement.lang.trim()) say('language', 'html has no lang');

const ids = new Map();
for (const { id } of all('[id]')) ids.set(id, (ids.get(id) ?? 0) + 1);
for (const [id, times] of ids) if (times > 1) say('id', `${times} elements have the id ${id}`);

for (const label of all('label')) {
    const target = label.htmlFor ? `for=${label.htmlFor}` : `“${label.textContent.trim()}”`;
    if (!label.control) say('label', `label ${target} belongs to no field`);
}
for (const attribute of ['aria-labelledby', 'aria-describedby', 'aria-controls']) {
    for (const element of all(`[${attribute}]`)) {
        const missing = referred(element, attribute).filter((id) => !document.getElementById(id));
        for (const id of missing) say('label', `${describe(element)} refers to ${id} by ${attribute}, which is not there`);
    }
}

for (const table of all('table:not([role=presentation])')) {
    const heads = all('th', table);
    if (!heads.length) say('table', `${describe(table)} has no th`);
    for (const head of heads.filter((head) => !head.getAttribute('scope'))) {
        say('table', `${describe(head)} “${head.textContent.trim()}” has no scope`);
    }
}

const root = document.documentElement;
if (root.scrollWidth > root.clientWidth) {
    const sticksOut = (element) => element.getBoundingClientRect().right + scrollX > root.clientWidth + 0.5;
    const innermost = all('body *').find((element) => sticksOut(element) && ![...element.children].some(sticksOut));
    const because = innermost ? `, because of ${describe(innermost)}` : '';
    say('sideways', `the page is ${root.scrollWidth} wide and has ${root.clientWidth}${because}`);
}

for (const element of all('[style]')) say('style', `${describe(element)} has a style attribute`);

const fetched = performance.getEntriesByType('resource').map((entry) => entry.name);
const FETCHES = ['src', 'data', 'action', 'formaction', 'poster'];
const named = all('[src], [data], [action], [formaction], [poster]')
    .flatMap((element) => FETCHES.map((attribute) => element.getAttribute(attribute)));
const linked = all('link, use, image').map((element) => element.getAttribute('href'));
const addresses = [...fetched, ...named, ...linked].filter(Boolean).map((address) => new URL(address, document.baseURI));
const foreign = addresses.filter(({ protocol, host }) => /^(http|ws)s?:$/.test(protocol) && host !== location.host);
for (const address of new Set(foreign.map(String))) say('origin', `the page asks ${address}`);
