
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const listed = 50; // findings that are drawn at once
  const rowed = 25; // rows of the matrix
  const byId = (id) => document.getElementById(id);
  const number = (n) => n.toLocaleString('en-US');
  const plural = (n, noun) => number(n) + ' ' + noun + (n === 1 ? '' : 's');

  // make creates an element; text always goes in as text.
  const make = (tag, className, text) => {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const about = (text, subject) => data.texts[text].replaceAll('\u0001', subject ? subject.short : '');

  const subjects = data.subjects.map((row) => {
    const s = { short: row[1], name: data.texts[row[0]] + row[1], type: data.texts[row[2]], verdict: data.texts[row[3]], parent: data.texts[row[5]], checks: data.texts[row[6]], findings: 0 };
    s.summary = about(row[4], s);
    return s;
  });
  const findings = data.findings.map((row) => {
    const of = subjects[row[2]];
    if (of) of.findings++;
    return { row, of, code: data.texts[row[0]], severity: data.texts[row[1]], roots: row[9], waiting: (row[8] & 1) !== 0, fresh: (row[8] & 2) !== 0 };
  });
  const isRoot = (f) => f.row.length > 10;
  const subjectOf = (f) => (f.row[3] === 0 && f.of ? f.of.name : about(f.row[3], f.of));

  // The words that a finding is found by; made when it is first searched for.
  const words = (f) => {
    if (f.words === undefined) {
      f.words = [f.code, f.severity, f.of ? f.of.name : '', subjectOf(f), about(f.row[4], f.of), data.texts[f.row[6]], data.texts[f.row[7]],
        isRoot(f) ? 'root ' + f.row[10] + ' ' + about(f.row[11], f.of) : '', f.waiting ? 'waiting' : '', f.fresh ? 'new' : ''].join(' ').toLowerCase();
    }
    return f.words;
  };

  // ---- what is asked for, kept in the address so that it can be linked
  const state = { q: '', verdict: '', roots: false };
  const readHash = () => {
    const hash = location.hash.slice(1);
    if (hash !== '' && !hash.includes('=')) return false; // a section
    const p = new URLSearchParams(hash);
    state.q = p.get('q') || '';
    state.verdict = p.get('verdict') || '';
    state.roots = p.get('roots') === '1';
    return hash !== '';
  };
  const writeHash = () => {
    const p = new URLSearchParams();
    if (state.q) p.set('q', state.q);
    if (state.verdict) p.set('verdict', state.verdict);
    if (state.roots) p.set('roots', '1');
    try {
      history.replaceState(null, '', '#' + p.toString());
    } catch {
      // A page from a mail program may have no address to change.
    }
  };

  // ---- tiles
  const status = byId('about');
  const tell = (s) => { status.textContent = s.name + ': ' + s.verdict + (s.summary ? '; ' + s.summary : '') + (s.findings ? ' (' + plural(s.findings, 'finding') + ')' : ''); };
  const members = [];
  subjects.forEach((s, i) => { if (s.type === 'membership' || s.type === 'cluster') members.push(i); });
  const tileOf = new Map();

  const drawTiles = () => {
    const box = byId('tiles');
    if (members.length === 0) {
      box.append(make('p', 'empty', 'No clusters were examined.'));
      return;
    }
    box.className = members.length > 2500 ? 'many' : members.length > 300 ? 'some' : '';
    const groups = new Map();
    for (const i of members) {
      const s = subjects[i];
      const location = /\/locations\/([^/]+)\//.exec(s.name);
      const key = s.parent + (location ? ' · ' + location[1] : '');
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(i);
    }
    for (const [key, list] of groups) {
      const group = make('div', 'group');
      group.setAttribute('role', 'group');
      const bad = list.filter((i) => subjects[i].verdict !== 'healthy').length;
      const title = make('h3', '', key);
      title.append(make('span', '', plural(list.length, 'cluster') + (bad ? ', ' + number(bad) + ' not healthy' : '')));
      group.setAttribute('aria-label', key + ', ' + title.lastChild.textContent);
      const tiles = make('div', 'tiles');
      for (const i of list) {
        const s = subjects[i];
        const tile = make('button', 'tile ' + s.verdict);
        tile.type = 'button';
        tile.tabIndex = tileOf.size === 0 ? 0 : -1;
        tile.dataset.i = i;
        tile.setAttribute('aria-label', s.short + ', ' + s.verdict);
        tileOf.set(i, tile);
        tiles.append(tile);
      }
      group.append(title, tiles);
      box.append(group);
    }
    const tileAt = (event) => event.target.closest('.tile');
    box.addEventListener('mouseover', (event) => { const t = tileAt(event); if (t) tell(subjects[t.dataset.i]); });
    box.addEventListener('focusin', (event) => { const t = tileAt(event); if (t) tell(subjects[t.dataset.i]); });
    box.addEventListener('click', (event) => {
      const t = tileAt(event);
      if (!t) return;
      Object.assign(state, { q: subjects[t.dataset.i].name, verdict: '', roots: false });
      writeHash();
      apply(true);
    });
    const all = [...tileOf.values()];
    box.addEventListener('keydown', (event) => {
      const at = all.indexOf(tileAt(event));
      if (at < 0) return;
      const to = neighbour(all, at, event.key);
      if (to === undefined) return;
      event.preventDefault();
      all[at].tabIndex = -1;
      all[to].tabIndex = 0;
      all[to].focus();
    });
  };

  // neighbour is the tile that a key leads to: above and below go by the picture.
  const neighbour = (all, at, key) => {
    const within = (i) => Math.min(Math.max(i, 0), all.length - 1);
    switch (key) {
      case 'ArrowLeft': return within(at - 1);
      case 'ArrowRight': return within(at + 1);
      case 'Home': return 0;
      case 'End': return all.length - 1;
      case 'ArrowUp': case 'ArrowDown': {
        const step = key === 'ArrowUp' ? -1 : 1;
        const from = all[at].getBoundingClientRect();
        let row;
        let best = at;
        for (let i = at + step; i >= 0 && i < all.length; i += step) {
          const r = all[i].getBoundingClientRect();
          if (Math.abs(r.top - from.top) < 2) continue;
          if (row === undefined) row = r.top;
          if (Math.abs(r.top - row) > 2) break;
          if (best === at || Math.abs(r.left - from.left) < Math.abs(all[best].getBoundingClientRect().left - from.left)) best = i;
        }
        return best;
      }
    }
    return undefined;
  };

  // ---- matrix
  const cells = { m: ['m', 'met'], u: ['u', 'not met'], b: ['b', 'blocked by another'], '?': ['unread', 'unknown'] };
  const drawMatrix = () => {
    const checked = subjects.filter((s) => /[^.]/.test(s.checks));
    const wanting = checked.filter((s) => /[^.m]/.test(s.checks));
    const rows = checked.length > 50 ? wanting : checked;
    const left = checked.length - rows.length;
    byId('matrix-note').textContent = left > 0 ? plural(left, 'subject') + ' with everything met ' + (left === 1 ? 'is' : 'are') + ' not shown.' : rows.length === 0 ? 'Nothing was checked.' : '';
    if (rows.length === 0) return;
    document.querySelector('.matrix').hidden = false;
    byId('matrix-caption').textContent = wanting.length === 0 ? 'Everything is met.' : plural(wanting.length, 'subject') + ' with something that is not met.';
    const body = byId('rows');
    const more = byId('more-rows');
    let shown = 0;
    const draw = () => {
      for (const s of rows.slice(shown, shown + rowed)) {
        const tr = make('tr');
        const th = make('th', '', s.short);
        th.scope = 'row';
        th.append(make('small', '', s.name.slice(0, s.name.length - s.short.length) + ' ' + s.type));
        tr.append(th);
        for (const letter of s.checks) {
          const td = make('td');
          if (cells[letter]) {
            const cell = make('span', 'cell ' + cells[letter][0]);
            cell.setAttribute('role', 'img');
            cell.setAttribute('aria-label', cells[letter][1]);
            cell.title = cells[letter][1];
            td.append(cell);
          }
          tr.append(td);
        }
        body.append(tr);
      }
      shown = Math.min(shown + rowed, rows.length);
      more.hidden = shown >= rows.length;
      more.textContent = 'Show more (' + number(rows.length - shown) + ')';
    };
    more.addEventListener('click', draw);
    draw();
  };

  // ---- findings
  let found = [];
  let drawn = 0;
  const drawFinding = (f) => {
    const li = make('li', f.severity);
    const top = make('div', 'top');
    top.append(make('span', 'severity ' + f.severity, f.severity), make('code', '', f.code));
    if (isRoot(f)) top.append(make('span', 'is-root', 'root cause'));
    if (f.fresh) top.append(make('span', 'new', 'new'));
    if (f.waiting) top.append(make('span', 'waits', 'corrected, waiting for the mesh to notice'));
    const subject = make('p', 'subject');
    subject.append(make('code', '', subjectOf(f)));
    li.append(top, subject, make('p', 'text', about(f.row[4], f.of)));
    if (f.roots.length > 0) {
      const by = make('p', 'by', 'Explained by ');
      f.roots.slice(0, 5).forEach((i, n) => {
        const a = make('a', '', findings[i].code + ' on ' + subjectOf(findings[i]));
        a.href = '#' + new URLSearchParams({ q: findings[i].row[10] || findings[i].code }).toString();
        by.append(n ? ', ' : '', a);
      });
      if (f.roots.length > 5) by.append(' and ' + number(f.roots.length - 5) + ' more');
      li.append(by);
    }
    const facts = [['Remedy', about(f.row[5], f.of)], ['Resource', data.texts[f.row[6]]], ['Runbook', data.texts[f.row[7]]]];
    if (isRoot(f)) {
      facts.push(['Brought about by', about(f.row[11], f.of)]);
      for (let i = 0; i < f.row[12].length; i += 2) facts.push([data.texts[f.row[12][i]], about(f.row[12][i + 1], f.of)]);
      facts.push(['Fingerprint', f.row[10]]);
    }
    const dl = make('dl');
    for (const [name, value] of facts) if (value) dl.append(make('dt', '', name), make('dd', '', value));
    if (dl.childElementCount > 0) {
      const details = make('details');
      details.append(make('summary', '', 'Details'), dl);
      li.append(details);
    }
    return li;
  };
  const drawMore = () => {
    const list = byId('list');
    for (const f of found.slice(drawn, drawn + listed)) list.append(drawFinding(f));
    drawn = Math.min(drawn + listed, found.length);
    byId('more').hidden = drawn >= found.length;
    byId('more').textContent = 'Show more (' + number(found.length - drawn) + ')';
  };
  const apply = (scroll) => {
    byId('q').value = state.q;
    byId('verdict').value = state.verdict;
    byId('roots').checked = state.roots;
    const wanted = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    found = findings.filter((f) => (!state.verdict || (f.of && f.of.verdict === state.verdict)) && (!state.roots || isRoot(f)) && wanted.every((w) => words(f).includes(w)));
    byId('list').replaceChildren();
    drawn = 0;
    drawMore();
    const asked = wanted.length > 0 || state.verdict !== '' || state.roots;
    byId('shown').textContent = asked ? number(found.length) + ' of ' + plural(findings.length, 'finding') : plural(findings.length, 'finding');
    for (const a of document.querySelectorAll('.count')) {
      if (a.hash === '#verdict=' + state.verdict) a.setAttribute('aria-current', 'true'); else a.removeAttribute('aria-current');
    }
    const lit = new Set(found.map((f) => f.of));
    for (const [i, tile] of tileOf) {
      const s = subjects[i];
      const named = !state.roots && (!state.verdict || s.verdict === state.verdict) && wanted.every((w) => s.name.toLowerCase().includes(w));
      tile.classList.toggle('dim', asked && !named && !lit.has(s));
    }
    if (scroll) byId('findings').scrollIntoView();
  };

  let typing;
  byId('q').addEventListener('input', (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => { state.q = event.target.value; writeHash(); apply(false); }, 120);
  });
  byId('verdict').addEventListener('change', (event) => { state.verdict = event.target.value; writeHash(); apply(false); });
  byId('roots').addEventListener('change', (event) => { state.roots = event.target.checked; writeHash(); apply(false); });
  byId('clear').addEventListener('click', () => { Object.assign(state, { q: '', verdict: '', roots: false }); writeHash(); apply(false); byId('q').focus(); });
  byId('more').addEventListener('click', drawMore);
  addEventListener('hashchange', () => { if (readHash()) apply(true); });
  addEventListener('beforeprint', () => { for (const d of document.querySelectorAll('.cause details')) d.open = true; });

  drawTiles();
  drawMatrix();
  apply(readHash());
})();
