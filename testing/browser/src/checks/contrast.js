// Text and what it stands on, as *WCAG 2.2* 1.4.3 compares them. Colours are red, green, blue from 0 to 255
// and alpha from 0 to 1.
const TEXT_MIN = 4.5;
const LARGE_TEXT_MIN = 3;
const LARGE_PX = 24;
const LARGE_BOLD_PX = 18.66;

const paper = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const colours = new Map();
// Whatever way of CSS to say a colour, it is asked to be drawn.
const colour = (css) => {
    if (!colours.has(css)) {
        paper.clearRect(0, 0, 1, 1);
        paper.fillStyle = css;
        paper.fillRect(0, 0, 1, 1);
        const [r, g, b, alpha] = paper.getImageData(0, 0, 1, 1).data;
        colours.set(css, [r, g, b, alpha / 255]);
    }
    return colours.get(css);
};
// What a colour of the page's own words is there, such as a variable.
const computed = (css) => {
    const probe = document.createElement('i');
    probe.style.backgroundColor = css;
    document.body.append(probe);
    const found = getComputedStyle(probe).backgroundColor;
    probe.remove();
    return colour(found);
};
const mix = (below, above, share) => [0, 1, 2].map((i) => below[i] * (1 - share) + above[i] * share).concat(1);
const over = (below, above) => mix(below, above, above[3]);

const luminance = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255)
        .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
};

const boxes = new Map();
const box = (element) => {
    if (!boxes.has(element)) {
        const style = getComputedStyle(element);
        // What is in a drawing has no background.
        const isPainted = !element.ownerSVGElement;
        boxes.set(element, {
            ground: isPainted ? colour(style.backgroundColor) : [0, 0, 0, 0],
            opacity: Number(style.opacity),
            // The way to say something to screen readers only.
            isSpeck: element.offsetWidth <= 1 && element.offsetHeight <= 1 && style.overflowX !== 'visible',
        });
    }
    return boxes.get(element);
};
const pathTo = (element) => (element ? [...pathTo(element.parentElement), element] : []);

// The colours of a background and of text on it once everything around them is drawn.
const drawn = ([element, ...inner], below, text, on) => {
    const { ground, opacity } = box(element);
    const here = over(below, ground);
    const last = () => {
        const ground = over(here, on);
        return [ground, over(ground, text)];
    };
    return (inner.length ? drawn(inner, here, text, on) : last()).map((seen) => mix(below, seen, opacity));
};

const canvas = computed('Canvas');
const spelled = (rgb) => '#' + rgb.slice(0, 3).map((v) => Math.round(v).toString(16).padStart(2, '0')).join('');
const judge = (element, text, words, scale = 1, on = [0, 0, 0, 0]) => {
    const path = pathTo(element);
    if (path.some((part) => box(part).isSpeck || box(part).opacity === 0)) return;
    if (element.closest(':disabled, [aria-disabled=true]')) return;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize) * scale;
    const isLarge = size >= LARGE_PX || (size >= LARGE_BOLD_PX && Number(style.fontWeight) >= 700);
    const least = isLarge ? LARGE_TEXT_MIN : TEXT_MIN;
    const [below, above] = drawn(path, canvas, text, on);
    const ratio = contrast(below, above);
    if (ratio >= least) return;
    const excerpt = words.trim().slice(0, 40);
    // Rounded down: what is too little must not look like enough.
    const told = Math.floor(ratio * 100) / 100;
    say('contrast', `${describe(element)} “${excerpt}” has ${told}, ${spelled(above)} on ${spelled(below)}, of ${least}`);
};

const judgeDrawing = (element, words) => {
    const style = getComputedStyle(element);
    if (!/^[a-z]+\(/.test(style.fill) || style.fill.startsWith('url')) return;
    const [r, g, b, alpha] = colour(style.fill);
    const named = element.closest('[data-on]')?.dataset.on;
    const on = named === undefined ? undefined : computed(named);
    if (on && on[3] === 0) say('contrast', `${describe(element)} says data-on=${named}, which is no colour`);
    const matrix = element.getScreenCTM();
    judge(element, [r, g, b, alpha * style.fillOpacity], words, Math.hypot(matrix.b, matrix.d), on);
};

const FIELDS = ['select', 'option', 'textarea'];
const range = document.createRange();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || FIELDS.includes(element.localName) || !isShown(element)) continue;
    range.selectNodeContents(node);
    if (!range.getClientRects().length) continue;
    if (element.ownerSVGElement) judgeDrawing(element, node.data);
    else judge(element, colour(getComputedStyle(element).color), node.data);
}

const WORDLESS = ['checkbox', 'color', 'file', 'hidden', 'image', 'radio', 'range'];
for (const field of all('input, select, textarea').filter(isShown)) {
    if (WORDLESS.includes(field.type)) continue;
    const placeholder = field.value ? '' : field.placeholder;
    const style = getComputedStyle(field, placeholder ? '::placeholder' : null);
    const [r, g, b, alpha] = colour(style.color);
    const opacity = placeholder ? Number(style.opacity) : 1;
    judge(field, [r, g, b, alpha * opacity], placeholder || String(field.value));
}
