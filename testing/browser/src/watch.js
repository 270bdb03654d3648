// Runs before each page's own scripts, and keeps what happens on it for whoever asks afterwards.
window.watched = (() => {
  const seen = { shift: 0, shifted: [] };
  const name = (node) => node?.nodeType === 1 ? `${node.tagName.toLowerCase()}${node.id ? "#" + node.id : ""}.${node.className}` : "text";
  const take = (entries) => {
    for (const entry of entries.filter((entry) => !entry.hadRecentInput)) {
      seen.shift += entry.value;
      seen.shifted.push(`${entry.value.toFixed(4)} ${entry.sources.map((source) => name(source.node)).join(" ")}`);
    }
  };
  const observer = new PerformanceObserver((list) => take(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  // What was drawn is told a frame later.
  const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
  return {
    seen: async () => {
      await frame();
      await frame();
      take(observer.takeRecords());
      return seen;
    },
  };
})();
