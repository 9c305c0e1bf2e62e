/** What the page does beside being read: it tells the values at a moment, and shows where else an id stands. */
export const script = `
(() => {
  const charts = document.getElementById('charts');
  const cross = document.getElementById('cross');
  const readout = document.getElementById('readout');
  const rows = JSON.parse(document.getElementById('moments').textContent);
  const idle = readout.textContent;
  const [left, right, end] = ['left', 'right', 'end'].map((name) => Number(charts.dataset[name]));
  const number = (value) => value === null ? '–' : value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
  charts.addEventListener('pointermove', (event) => {
    const box = charts.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    if (share < left || share > right) { leave(); return; }
    const ms = (share - left) / (right - left) * end;
    cross.hidden = false;
    cross.style.left = share * 100 + '%';
    const row = rows.reduce((best, each) => best === null || Math.abs(each[0] - ms) < Math.abs(best[0] - ms) ? each : best, null);
    const at = (ms / 1000).toFixed(1) + ' s';
    readout.textContent = row === null ? at : at + ':  accepted ' + number(row[1]) + '/s · ended ' + number(row[2]) + '/s · median ' + number(row[3]) +
      ' ms · 99th ' + number(row[4]) + ' ms · outbox ' + number(row[5]) + ' rows · unread ' + number(row[6]) + ' · unseen ' + number(row[7]);
  });
  const leave = () => { cross.hidden = true; readout.textContent = idle; };
  charts.addEventListener('pointerleave', leave);
  const mark = (event) => {
    const id = event.target.closest?.('.id[title]')?.title;
    for (const each of document.querySelectorAll('.id[title]')) { each.classList.toggle('same', each.title === id); }
  };
  document.addEventListener('pointerover', mark);
  addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((each) => { each.open = true; }));
})();
`;
