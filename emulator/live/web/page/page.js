// Asks the server once a second how things stand and shows it. Everything is set as text, never as markup.
'use strict';

const $ = (id) => document.getElementById(id);
const ms = (s) => (s > 0 ? (1e3 * s).toFixed(1) + ' ms' : '');
const rate = (bps) => (bps >= 1e9 ? (bps / 1e9).toFixed(2) + ' Gbps' : bps >= 1e6 ? (bps / 1e6).toFixed(2) + ' Mbps' : (bps / 1e3).toFixed(1) + ' kbps');

async function ask(path) {
  const response = await fetch(path, { cache: 'no-store' });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function cells(values) {
  const row = document.createElement('tr');
  for (const value of values) {
    const cell = document.createElement('td');
    if (value instanceof Node) cell.append(value);
    else { cell.textContent = value; cell.title = value; }
    row.append(cell);
  }
  return row;
}

function showRun(status) {
  if (!status) return;
  $('title').textContent = status.testbed;
  document.title = status.testbed + ' – testbed';
  $('where').textContent = `${status.scenario}, ${status.runtime}, ${status.fabric}, run ${status.run}`;
  const seconds = Math.round((Date.parse(status.updated) - Date.parse(status.began)) / 1000);
  let text = status.total && status.done
    ? `${status.ended ? 'Ended: ' : ''}${status.done} of ${status.total} chains, ${status.rate.toFixed(1)}/s, ${status.failed} failed, ${seconds} s`
    : status.phase;
  $('phase').textContent = text;
  $('bar').hidden = !status.total;
  $('bar').max = status.total || 1;
  $('bar').value = status.done;
  const models = status.models || [];
  $('models').hidden = !models.length;
  $('models').tBodies[0].replaceChildren(...models.map((m) =>
    cells([m.model, `${m.done}/${m.planned}`, m.failed, ms(m.median_s), ms(m.p95_s)])));
  const notes = [...(status.errors || []).map((e) => ['failed', e]), ...(status.events || []).map((e) => ['event', e])];
  $('notes').replaceChildren(...notes.map(([kind, note]) => {
    const item = document.createElement('li');
    item.className = kind;
    item.textContent = note;
    return item;
  }));
}

function showLinks(links) {
  const used = links.filter((l) => l.rate_bps > 0);
  $('quiet').hidden = used.length > 0;
  $('links').hidden = used.length === 0;
  $('links').tBodies[0].replaceChildren(...used.slice(0, 12).map((l) => {
    const meter = document.createElement('meter');
    meter.value = l.use;
    meter.title = (100 * l.use).toFixed(0) + ' % of its rate';
    return cells([l.link, l.from, rate(l.rate_bps), l.use > 0 ? meter : 'no limit']);
  }));
  paint(links);
}

// paint gives every link of the drawing the use of the busiest queue that it stands for.
function paint(links) {
  const use = new Map();
  for (const l of links) use.set(l.link, Math.max(use.get(l.link) || 0, l.use));
  for (const group of document.querySelectorAll('#topology [data-links]')) {
    const share = Math.max(0, ...group.dataset.links.split('\n').map((name) => use.get(name) || 0));
    const down = group.dataset.links.split('\n').some((name) => cut.has(name));
    for (const line of group.querySelectorAll('path.line, path.box')) {
      line.classList.toggle('down', down);
      line.classList.toggle('used', share > 0.005);
      line.style.strokeWidth = share > 0.005 ? (1.5 + 6 * Math.min(1, share)).toFixed(1) + 'px' : '';
    }
  }
}

let drawing = ''; // the one that is shown
let cut = new Set();

// showTestbed says how the testbed is, and draws its network anew where that has changed.
async function showTestbed(testbed) {
  const notes = [testbed.message, testbed.down.length ? 'Down: ' + testbed.down.join(', ') : '', ...testbed.problems].filter((n) => n);
  $('message').textContent = notes.join(' · ');
  $('message').hidden = notes.length === 0;
  document.body.classList.toggle('gone', !testbed.up);
  cut = new Set(testbed.down);
  if (testbed.drawing !== drawing) {
    await draw();
    drawing = testbed.drawing;
  }
}

async function draw() {
  const response = await fetch('topology.svg');
  const drawing = new DOMParser().parseFromString(await response.text(), 'image/svg+xml');
  if (drawing.documentElement.tagName.toLowerCase() === 'svg') $('topology').replaceChildren(document.adoptNode(drawing.documentElement));
}

async function follow() {
  try {
    const [testbed, status, links] = await Promise.all([ask('api/testbed'), ask('api/status'), ask('api/links')]);
    await showTestbed(testbed);
    showRun(status);
    showLinks(links);
    $('state').textContent = testbed.up ? 'Live, once a second.' : 'As it was last.';
  } catch (error) {
    $('state').textContent = 'No answer: ' + error.message;
  }
  setTimeout(follow, document.hidden ? 5000 : 1000);
}

follow();
