// An element by its tag, its id or classes, and its name in a form.
const describe = (element) => {
    const tag = element.localName;
    const id = element.id ? '#' + element.id : [...element.classList].map((name) => '.' + name).join('');
    const name = element.getAttribute('name');
    return tag + id + (name ? `[name=${name}]` : '');
};
