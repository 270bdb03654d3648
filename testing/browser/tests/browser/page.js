document.documentElement.classList.add('scripted');
for (const row of document.querySelectorAll('tbody tr')) {
    row.addEventListener('click', (event) => row.classList.toggle(event.shiftKey ? 'shifted' : 'clicked'));
}
document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target.matches('input, textarea')) return;
    event.preventDefault();
    document.querySelector('#search').focus();
});
setTimeout(() => { document.querySelector('#help').textContent = 'For people, in a while'; }, 200);
