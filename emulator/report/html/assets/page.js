// The page's script: charts, filters, tables. It changes nothing but this page and fetches nothing.
(function () {
  'use strict';
  var data = JSON.parse(document.getElementById('data').textContent) || {};
  var looks = {};
  (data.models || []).forEach(function (m) { looks[m.name] = m; });
  var charts = [];
  var dark = window.matchMedia('(prefers-color-scheme: dark)');

  // What is unlike a model has the look of its place.
  var colours = ['#0072b2', '#d55e00', '#009e73', '#e69f00', '#cc79a7', '#56b4e9', '#000000', '#5a5a5a'];
  var dashes = ['', '6,3', '2,3', '7,3,2,3', '4,2', '10,3', '1,2', '9,2,2,2,2,2'];
  var decals = [null, 1, -1, 2, -2, 3, -3, null, 1.5, -1.5, 2.5, -2.5, 4];

  function css(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  // Blue and green of the palette are too dark on a dark page.
  function ink(colour) {
    if (!dark.matches) { return colour; }
    return { '#0072b2': '#4aa8e0', '#009e73': '#2cc295', '#000000': '#e3e7eb', '#5a5a5a': '#a0a9b1', '#d55e00': '#f07c2c' }[colour] || colour;
  }
  function escape(text) {
    return String(text).replace(/[&<>"']/g, function (c) { return '&#' + c.charCodeAt(0) + ';'; });
  }
  function show(v) {
    if (v === null || v === undefined || !isFinite(v)) { return ''; }
    var a = Math.abs(v);
    if (a !== 0 && (a >= 1e6 || a < 1e-4)) { return Number(v.toPrecision(3)).toExponential(); }
    return String(+v.toPrecision(4));
  }
  function dash(text) { return text ? text.split(',').map(Number) : 'solid'; }

  // Forms of markers, as paths within a square of 20, so that the key shows the same.
  var forms = {
    circle: 'M2 10a8 8 0 1 0 16 0a8 8 0 1 0-16 0z', square: 'M3 3h14v14h-14z', triangle: 'M10 2L18.5 17.5h-17z',
    diamond: 'M10 1L19 10L10 19L1 10z', down: 'M10 18L1.5 2.5h17z', pentagon: 'M10 1L19 8L15.5 18.5h-11L1 8z',
    star: 'M10 0L12.5 7H20L14 11.5L16 19L10 14.5L4 19L6 11.5L0 7h7.5z'
  };
  function swatch(colour, dashing, form, full) {
    var line = dashing === null ? '' : '<path d="M0 6H26" stroke="' + colour + '" stroke-width="2" fill="none"' +
      (dashing ? ' stroke-dasharray="' + dashing + '"' : '') + '/>';
    var mark = form ? '<path transform="translate(8 1) scale(.5)" d="' + forms[form] + '" fill="' + (full ? colour : css('--paper')) +
      '" stroke="' + colour + '" stroke-width="3"/>' : '';
    return '<svg width="26" height="12" aria-hidden="true">' + line + mark + '</svg>';
  }

  // The choice of models and engine.
  var form = document.getElementById('filters');
  function chosen() {
    var models = {}, engine = '';
    Array.prototype.forEach.call(form.elements, function (e) {
      if (e.name === 'model') { models[e.value] = e.checked; }
      if (e.name === 'engine' && e.checked) { engine = e.value; }
    });
    return { models: models, engine: engine };
  }
  function visible(spec, s, choice) {
    return (!s.model || choice.models[s.model] !== false) && (!s.engine || s.engine === choice.engine);
  }

  // A logarithmic axis is a linear one of logarithms with ticks of its own.
  function at(axis, v) { return axis.log ? (v > 0 ? Math.log10(v) : null) : v; }
  function ticks(low, high) {
    var all = [], multiples = high - low > 2.5 ? [1] : high - low > 1.1 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
    for (var e = Math.floor(low); e <= Math.ceil(high); e++) {
      multiples.forEach(function (m) {
        var t = Math.log10(m) + e;
        if (t >= low - 1e-9 && t <= high + 1e-9) { all.push(t); }
      });
    }
    return all;
  }
  function range(values) {
    var low = Infinity, high = -Infinity;
    values.forEach(function (v) { if (v !== null && isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); } });
    if (low > high) { return [0, 1]; }
    var room = Math.max((high - low) * 0.05, high === low ? 0.5 : 0);
    return [low - room, high + room];
  }
  function axisOf(spec, bounds, small, vertical) {
    var o = {
      type: 'value', name: spec.label, nameLocation: 'middle', nameGap: vertical ? (small ? 38 : 46) : 28, scale: true,
      nameTextStyle: { color: css('--soft'), fontSize: 12 }, axisLine: { show: !vertical, lineStyle: { color: css('--rule') }, onZero: false },
      axisTick: { show: false }, splitLine: { show: vertical, lineStyle: { color: css('--grid') } },
      axisLabel: { color: css('--soft'), fontSize: 12, hideOverlap: true, formatter: function (v) { return show(v); } }
    };
    if (bounds) {
      o.min = bounds[0];
      o.max = bounds[1];
      if (!spec.log && !spec.max) { o.axisLabel.showMaxLabel = false; } // the ends are no round numbers
      if (!spec.log && bounds[0] !== 0) { o.axisLabel.showMinLabel = false; }
    }
    if (spec.log) {
      var own = ticks(bounds[0], bounds[1]);
      o.axisLabel.customValues = own;
      o.axisTick.customValues = own;
      o.splitLine.show = false;
      o.axisTick.show = true;
      o.axisLine.show = true;
      o.axisLabel.formatter = function (v) { return show(Math.pow(10, v)); };
    }
    return o;
  }
  function base(small) {
    return {
      animation: false, textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: small ? 52 : 64, right: 14, top: 10, bottom: 48 },
      tooltip: { confine: true, backgroundColor: css('--paper'), borderColor: css('--rule'), textStyle: { color: css('--ink'), fontSize: 12 },
        axisPointer: { lineStyle: { color: css('--soft') }, label: { show: false } } },
      dataZoom: [
        { type: 'inside', xAxisIndex: 0, zoomOnMouseWheel: 'ctrl', moveOnMouseMove: true, preventDefaultMouseMove: false, filterMode: 'none' },
        { type: 'inside', yAxisIndex: 0, zoomOnMouseWheel: 'ctrl', moveOnMouseMove: true, preventDefaultMouseMove: false, filterMode: 'none' }]
    };
  }
  function look(spec, s, i) {
    if (spec.plain || !looks[s.model]) {
      return { colour: ink(colours[i % colours.length]), dash: dashes[i % dashes.length], form: null, full: true };
    }
    var m = looks[s.model], overlay = spec.series.some(function (o) { return o.measured; });
    return { colour: ink(m.colour), form: m.symbol, full: s.measured || !overlay, dash: overlay ? (s.measured ? '' : '5,4') : m.dash };
  }

  function lines(spec, choice, small) {
    var o = base(small), xs = [], ys = [], key = [];
    o.series = [];
    spec.series.forEach(function (s, i) {
      if (!visible(spec, s, choice)) { return; }
      var l = look(spec, s, i), bars = [];
      var points = s.points.map(function (p) {
        var x = p[0], y = at(spec.y, p[1]);
        xs.push(x);
        ys.push(y);
        if (p.length > 3) {
          var low = at(spec.y, p[2]), high = at(spec.y, p[3]);
          bars.push([x, low === null ? y : low, high]);
          ys.push(high);
          if (low !== null) { ys.push(low); }
        }
        return [x, y, p[1], p[2], p[3]];
      });
      var every = Math.max(1, Math.round(points.length / 8));
      if (bars.length) { o.series.push(whiskers(bars, l.colour)); }
      o.series.push({
        type: 'line', name: s.name, data: points, connectNulls: false, symbol: l.form ? 'path://' + forms[l.form] : 'circle',
        showSymbol: !!l.form, symbolSize: function (p, q) { return points.length > 20 && q.dataIndex % every ? 0 : 8; }, showAllSymbol: true,
        lineStyle: { color: l.colour, width: 1.8, type: dash(l.dash) },
        itemStyle: { color: l.full ? l.colour : css('--paper'), borderColor: l.colour, borderWidth: 1.4 }, emphasis: { disabled: true }
      });
      key.push(swatch(l.colour, l.dash, l.form, l.full) + escape(s.name));
    });
    var y = spec.y.log ? range(ys) : null, x = xs.length ? range(xs) : [0, 1];
    if (spec.plain || spec.zero) { x = [0, Math.max.apply(null, xs.concat(1e-9))]; }
    if (spec.x.max) { x = [0, spec.x.max]; }
    o.xAxis = axisOf(spec.x, x, small, false);
    o.yAxis = axisOf(spec.y, y, small, true);
    if (!spec.y.log) { o.yAxis.scale = false; }
    o.tooltip.trigger = 'axis';
    o.tooltip.formatter = function (all) {
      all = all.filter(function (p) { return p.seriesType === 'line'; });
      if (!all.length) { return ''; }
      return escape(spec.x.label) + ': <b>' + show(all[0].value[0]) + '</b>' + all.map(function (p) {
        var v = p.value, within = v[3] === undefined ? '' : ' [' + show(v[3]) + ', ' + show(v[4]) + ']';
        return '<br>' + escape(p.seriesName) + ': <b>' + show(v[2]) + '</b>' + within;
      }).join('');
    };
    return { option: o, key: key };
  }

  // whiskers are the intervals of a line's points.
  function whiskers(bars, colour) {
    return {
      type: 'custom', silent: true, data: bars, encode: { x: 0, y: [1, 2] }, z: 1, tooltip: { show: false },
      renderItem: function (_, api) {
        var low = api.coord([api.value(0), api.value(1)]), high = api.coord([api.value(0), api.value(2)]);
        function line(a, b, c, d) { return { type: 'line', shape: { x1: a, y1: b, x2: c, y2: d }, style: { stroke: colour, lineWidth: 1 } }; }
        return { type: 'group', children: [line(low[0], low[1], high[0], high[1]),
          line(low[0] - 3, low[1], low[0] + 3, low[1]), line(high[0] - 3, high[1], high[0] + 3, high[1])] };
      }
    };
  }

  function scatter(spec, choice, small) {
    var o = base(small), all = [], key = [];
    o.series = [];
    spec.series.forEach(function (s, i) {
      if (!visible(spec, s, choice)) { return; }
      var l = look(spec, s, i);
      var points = s.points.map(function (p) {
        var x = at(spec.x, p[0]), y = at(spec.y, p[1]);
        all.push(x, y);
        return [x, y, p[0], p[1], p[2] || 1];
      });
      o.series.push({
        type: 'scatter', name: s.name, data: points, symbol: 'path://' + forms[l.form || 'circle'],
        symbolSize: function (p) { return 7 + 2.5 * Math.log10(p[4]); },
        itemStyle: { color: l.colour, opacity: 0.62, borderColor: l.colour, borderWidth: 0.5 }, emphasis: { disabled: true }
      });
      key.push(swatch(l.colour, null, l.form || 'circle', true) + escape(s.name));
    });
    var b = range(all);
    function guide(shift, type, width) {
      return { type: 'line', silent: true, symbol: 'none', data: [[b[0], b[0] + shift], [b[1], b[1] + shift]], tooltip: { show: false }, z: 1,
        lineStyle: { color: css('--soft'), type: type, width: width }, emphasis: { disabled: true }, clip: true };
    }
    o.series.unshift(guide(0, 'solid', 1.2), guide(Math.log10(1.1), [3, 3], 1), guide(Math.log10(0.9), [3, 3], 1));
    key.push(swatch(css('--soft'), '', null) + 'equal', swatch(css('--soft'), '3,3', null) + '± 10 %');
    o.xAxis = axisOf(spec.x, b, small, false);
    o.yAxis = axisOf(spec.y, b, small, true);
    o.tooltip.trigger = 'item';
    o.tooltip.formatter = function (p) {
      var v = p.value;
      return escape(p.seriesName) + (v[4] > 1 ? ', ' + v[4] + ' chains' : '') + '<br>predicted <b>' + show(v[2]) + ' s</b><br>measured <b>' + show(v[3]) +
        ' s</b><br>' + (v[3] >= v[2] ? '+' : '') + show(100 * (v[3] - v[2]) / v[3]) + ' % of the measured';
    };
    return { option: o, key: key };
  }

  function stack(spec, choice, small) {
    var o = base(small), key = [];
    delete o.dataZoom;
    var bars = [];
    spec.bars.forEach(function (b, i) { if (choice.models[b] !== false) { bars.push(i); } });
    var sums = bars.map(function () { return 0; });
    o.series = [];
    spec.series.forEach(function (s) {
      if (!visible(spec, s, choice)) { return; }
      var i = s.look || 0;
      var colour = ink(colours[i % colours.length]), slope = decals[i % decals.length];
      var values = bars.map(function (b, k) { sums[k] += s.values[b] || 0; return s.values[b]; });
      o.series.push({ type: 'bar', stack: 'parts', name: s.name, data: values, barWidth: '52%', emphasis: { disabled: true },
        itemStyle: { color: colour, borderColor: css('--paper'), borderWidth: 0.5,
          decal: slope ? { symbol: 'rect', color: 'rgba(255,255,255,.45)', dashArrayX: [1, 0], dashArrayY: [1.4, 2 + 2 * Math.abs(slope)], rotation: slope > 0 ? -Math.PI / 4 : Math.PI / 4 } : undefined } });
      key.push('<svg width="14" height="12" aria-hidden="true"><path d="M0 0h14v12H0z" fill="' + colour + '"/>' +
        (slope ? '<path d="' + (slope > 0 ? 'M0 12L12 0M-4 6L4-2M6 14L16 4' : 'M0 0L12 12M6 -2L16 8M-4 6L4 14') + '" stroke="#fff" stroke-opacity=".6"/>' : '') + '</svg>' + escape(s.name));
    });
    o.series.push({ type: 'scatter', name: 'sum', data: sums, symbol: 'diamond', symbolSize: 10,
      itemStyle: { color: css('--paper'), borderColor: css('--ink'), borderWidth: 1.4 }, emphasis: { disabled: true } });
    key.push(swatch(css('--ink'), null, 'diamond', false) + 'sum');
    o.xAxis = { type: 'category', data: bars.map(function (b) { return spec.bars[b]; }), axisTick: { show: false },
      axisLine: { lineStyle: { color: css('--rule') }, onZero: false }, axisLabel: { color: css('--soft'), fontSize: 12, interval: 0, rotate: small ? 25 : 0 } };
    o.yAxis = axisOf(spec.y, null, small, true);
    o.grid.bottom = small ? 48 : 30;
    o.tooltip.trigger = 'axis';
    o.tooltip.axisPointer = { type: 'shadow' };
    o.tooltip.formatter = function (all) {
      return '<b>' + escape(all[0].name) + '</b>' + all.map(function (p) { return '<br>' + escape(p.seriesName) + ': <b>' + show(p.value) + '</b>'; }).join('');
    };
    return { option: o, key: key };
  }

  var kinds = { lines: lines, scatter: scatter, stack: stack };

  function draw(c) {
    var small = c.box.clientWidth < 480, made = kinds[c.spec.kind](c.spec, chosen(), small);
    c.width = c.box.clientWidth;
    c.chart.setOption(made.option, { notMerge: true });
    c.key.innerHTML = made.key.map(function (k) { return '<li>' + k + '</li>'; }).join('');
  }
  function keys() {
    Array.prototype.forEach.call(document.querySelectorAll('.key[data-model]'), function (e) {
      var m = looks[e.getAttribute('data-model')];
      if (m) { e.innerHTML = swatch(ink(m.colour), '', m.symbol, true); }
    });
  }
  function redraw() { keys(); charts.forEach(draw); }

  function zoom(c, by) {
    var o = c.chart.getOption().dataZoom;
    if (!o) { return; }
    o.forEach(function (z, i) {
      var middle = (z.start + z.end) / 2, half = by ? Math.min(50, (z.end - z.start) / 2 * by) : 50;
      if (!by) { middle = 50; }
      c.chart.dispatchAction({ type: 'dataZoom', dataZoomIndex: i, start: Math.max(0, middle - half), end: Math.min(100, middle + half) });
    });
  }
  function tools(c) {
    var row = document.createElement('div');
    row.className = 'tools';
    [['+', 0.6, 'Zoom in'], ['−', 1.7, 'Zoom out'], ['Reset', 0, 'Show the whole figure']].forEach(function (t) {
      var b = document.createElement('button');
      b.type = 'button';
      b.textContent = t[0];
      b.title = t[2];
      b.setAttribute('aria-label', t[2]);
      b.addEventListener('click', function () { zoom(c, t[1]); });
      row.appendChild(b);
    });
    return row;
  }

  function begin() {
    Array.prototype.forEach.call(document.querySelectorAll('.chart[data-chart]'), function (box) {
      var spec = (data.charts || {})[box.getAttribute('data-chart')];
      if (!spec) { return; }
      var key = document.createElement('ul');
      key.className = 'legend';
      box.parentNode.insertBefore(key, box);
      var c = { box: box, spec: spec, key: key, chart: echarts.init(box, null, { renderer: 'svg' }), width: 0 };
      charts.push(c);
      draw(c);
      if (spec.kind !== 'stack') { box.parentNode.insertBefore(tools(c), box.nextSibling); }
    });
  }

  // Tips of the topology: the drawing's own titles, at once and where they can be read.
  function tips() {
    var tip = document.getElementById('tip');
    Array.prototype.forEach.call(document.querySelectorAll('.drawn g'), function (g) {
      var title = g.querySelector('title');
      if (!title) { return; }
      var text = title.textContent;
      g.addEventListener('pointerenter', function () { title.textContent = ''; tip.textContent = text; tip.hidden = false; });
      g.addEventListener('pointerleave', function () { title.textContent = text; tip.hidden = true; });
      g.addEventListener('pointermove', function (e) {
        tip.style.left = Math.max(4, Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
        tip.style.top = (e.clientY + 18 + tip.offsetHeight > innerHeight ? e.clientY - tip.offsetHeight - 12 : e.clientY + 18) + 'px';
      });
    });
  }

  // Tables: a field that filters, headings that sort.
  function number(text) {
    var n = parseFloat(text.replace(/[\s,]/g, ''));
    return isNaN(n) ? -Infinity : n * ({ k: 1e3, M: 1e6, G: 1e9 }[(/[\d.]\s*([kMG])/.exec(text) || [])[1]] || 1) * (/µs/.test(text) ? 1e-3 : /\ds|\d s/.test(text) && !/ms/.test(text) ? 1e3 : 1);
  }
  function tables() {
    Array.prototype.forEach.call(document.querySelectorAll('input[data-table]'), function (field) {
      var table = document.getElementById(field.getAttribute('data-table')), count = field.closest('.find').querySelector('output');
      field.addEventListener('input', function () {
        var words = field.value.toLowerCase().split(/\s+/), shown = 0, rows = table.tBodies[0].rows;
        Array.prototype.forEach.call(rows, function (r) {
          var text = r.textContent.toLowerCase(), fits = words.every(function (w) { return text.indexOf(w) >= 0; });
          r.hidden = !fits;
          if (fits) { shown++; }
        });
        count.textContent = field.value ? shown + ' of ' + rows.length : '';
      });
    });
    Array.prototype.forEach.call(document.querySelectorAll('thead th'), function (th) {
      var b = document.createElement('button');
      b.type = 'button';
      b.textContent = th.textContent;
      th.textContent = '';
      th.appendChild(b);
      b.addEventListener('click', function () {
        var up = th.getAttribute('aria-sort') === 'descending', column = th.cellIndex, body = th.closest('table').tBodies[0];
        Array.prototype.forEach.call(th.parentNode.cells, function (o) { o.removeAttribute('aria-sort'); });
        th.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        Array.prototype.slice.call(body.rows).sort(function (a, b) {
          var x = a.cells[column].textContent, y = b.cells[column].textContent;
          var d = th.className === 'n' ? number(x) - number(y) : x.localeCompare(y, 'en', { numeric: true });
          return (up ? 1 : -1) * (d || 0);
        }).forEach(function (r) { body.appendChild(r); });
      });
    });
  }

  document.documentElement.classList.add('js');
  if (document.querySelector('.filtered .chart')) { form.hidden = false; }
  form.addEventListener('change', redraw);
  form.addEventListener('submit', function (e) { e.preventDefault(); });
  keys();
  begin();
  tips();
  tables();
  dark.addEventListener('change', redraw);
  var waiting = 0;
  window.addEventListener('resize', function () {
    clearTimeout(waiting);
    waiting = setTimeout(function () {
      charts.forEach(function (c) { if (c.box.clientWidth && c.box.clientWidth !== c.width) { c.chart.resize(); draw(c); } });
    }, 120);
  });
  window.addEventListener('beforeprint', function () {
    Array.prototype.forEach.call(document.querySelectorAll('details:not([open])'), function (d) { d.open = true; d.setAttribute('data-shut', ''); });
  });
  window.addEventListener('afterprint', function () {
    Array.prototype.forEach.call(document.querySelectorAll('details[data-shut]'), function (d) { d.open = false; d.removeAttribute('data-shut'); });
  });
})();
