// Draws the map that geo_risk wrote into this page. Nothing is loaded from anywhere. All text from
// the data goes through textContent or fillText, so that no name can become markup.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const { decode, trace, shapes, pathOf, inside, marker } = geoRiskShapes(data.markers);
  const $ = (id) => document.getElementById(id);
  const canvas = $("map"), pen = canvas.getContext("2d");
  const make = (tag, text) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    return node;
  };

  const title = ({ kind, headings, rows }, row) => {
    const column = headings.find((index) => rows[row][index]);
    if (column === undefined) return kind;
    return kind === "Cell" ? `Cell ${rows[row][column]}` : rows[row][column];
  };

  // ---- layers -----------------------------------------------------------------------------------
  const { regions, borders, cells, events } = data;
  const shown = {};
  const regionShapes = regions && shapes(regions.shapes);
  const regionFill = regions && pathOf(regionShapes, true);
  const regionLine = regions && new Path2D();
  regions && regions.lines.forEach((lines, i) => { // a region without lines is its own outline
    if (lines.length) for (const line of lines) trace(regionLine, decode(line), false);
    else for (const ring of regionShapes[i].rings) trace(regionLine, ring, true);
  });
  const disputed = regions ? pathOf(regions.disputed.map((i) => regionShapes[i]), true) : null;
  const hatch = (() => { // diagonals of one pixel, whatever the zoom
    const tile = make("canvas"), c = tile.getContext("2d");
    tile.width = tile.height = 10;
    c.strokeStyle = "#8f8672";
    for (const x of [-10, 0, 10]) { c.moveTo(x, 10); c.lineTo(x + 10, 0); }
    c.stroke();
    return pen.createPattern(tile, "repeat");
  })();
  const borderLine = borders && pathOf(shapes(borders.lines), false);
  const cellShapes = cells && shapes(cells.shapes);
  const cellPaths = cells && cells.classes.used.map((index) => ({
    index,
    faint: cells.classes.faint.includes(index),
    path: pathOf(cellShapes.filter((_, i) => cells.classes.index[i] === index), true),
  }));
  const gridLines = data.grid.map((line) => ({ ...line, points: decode(line.points) }));
  const gridPath = pathOf([{ rings: gridLines.map((line) => line.points) }], false);
  const sea = new Path2D();
  if (data.earth) trace(sea, decode(data.earth), true);
  else sea.rect(0, 0, data.size[0], data.size[1]);
  const frame = new Path2D();
  frame.rect(0, 0, data.size[0], data.size[1]);

  // Events within the days asked for; those without a date always.
  const days = events && events.dates, asked = { from: "", to: "" };
  const visible = (i) => !days || !days[i] ||
    ((!asked.from || days[i][1] >= asked.from) && (!asked.to || days[i][0] <= asked.to));
  const hasVisible = ({ x, y }) => events.x.some((at, i) => at === x && events.y[i] === y && visible(i));

  // ---- the view: k CSS pixels per grid unit, (tx, ty) the origin ----------------------------------
  let k = 1, tx = 0, ty = 0, width = 0, height = 0, fitted = 1, selected = null, queued = false;
  const X = (x) => x * k + tx, Y = (y) => y * k + ty;
  const fit = () => {
    const [x0, y0, x1, y1] = data.view;
    fitted = k = Math.min(width / (x1 - x0), height / (y1 - y0));
    tx = width / 2 - k * (x0 + x1) / 2;
    ty = height / 2 - k * (y0 + y1) / 2;
    redraw();
  };
  const settle = () => { // the middle of the window stays on the drawn part of the Earth
    tx = Math.min(Math.max(tx, width / 2 - k * data.size[0]), width / 2);
    ty = Math.min(Math.max(ty, height / 2 - k * data.size[1]), height / 2);
    redraw();
  };
  const zoom = (factor, x = width / 2, y = height / 2) => {
    const next = Math.min(Math.max(k * factor, fitted * 0.4), Math.max(fitted * 4, 6));
    tx = x - (x - tx) * next / k;
    ty = y - (y - ty) * next / k;
    k = next;
    touched();
    settle();
  };
  const redraw = () => {
    if (!queued) requestAnimationFrame(() => { queued = false; paint(); });
    queued = true;
  };
  // A heavy map follows the hand as a picture of its last drawing, and is drawn anew at rest.
  const heavy = (cells ? cells.rows.length : 0) > 1000 || (regions ? regions.rows.length : 0) > 1000;
  const last = { picture: make("canvas"), moved: -1e9, timer: 0 };
  const touched = () => { last.moved = performance.now(); };
  const paint = () => {
    clearTimeout(last.timer);
    if (heavy && last.k && performance.now() - last.moved < 150) {
      const dpr = window.devicePixelRatio || 1, grown = k / last.k;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.setTransform(grown, 0, 0, grown, dpr * (tx - last.tx * grown), dpr * (ty - last.ty * grown));
      pen.drawImage(last.picture, 0, 0);
      drawScale();
      last.timer = setTimeout(redraw, 170);
      return;
    }
    draw();
    if (!heavy) return;
    Object.assign(last, { k, tx, ty });
    [last.picture.width, last.picture.height] = [canvas.width, canvas.height];
    last.picture.getContext("2d").drawImage(canvas, 0, 0);
  };

  // ---- painting -----------------------------------------------------------------------------------
  const plane = (dpr) => pen.setTransform(dpr * k, 0, 0, dpr * k, dpr * tx, dpr * ty);
  const stroke = (path, colour, pixels) => {
    pen.strokeStyle = colour;
    pen.lineWidth = pixels / k;
    pen.stroke(path);
  };
  const draw = () => {
    const dpr = window.devicePixelRatio || 1;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.save();
    plane(dpr);
    pen.lineJoin = "round";
    if (!data.earth) pen.clip(frame);
    pen.fillStyle = "#dce8ef";
    pen.fill(sea);
    const thin = regionShapes && regionShapes.length > 400 ? Math.min(1, 0.35 * k / fitted) : 1;
    if (shown.regions) {
      pen.fillStyle = "#f8f6f0";
      pen.fill(regionFill, "evenodd");
      stroke(regionFill, "#f8f6f0", 0.6);
    }
    if (shown.regions && regions.disputed.length) {
      hatch.setTransform(new DOMMatrix([1 / (k * dpr), 0, 0, 1 / (k * dpr), 0, 0]));
      pen.fillStyle = hatch;
      pen.fill(disputed, "evenodd");
    }
    if (shown.grid) stroke(gridPath, "#9fb3c099", 0.7);
    if (shown.cells) {
      for (const { index, faint, path } of cellPaths) {
        pen.globalAlpha = faint ? 0.6 : 0.8;
        pen.fillStyle = cells.classes.colours[index];
        pen.fill(path, "evenodd");
        stroke(path, faint ? "#bdb49f" : "#ffffff", 0.7);
      }
      pen.globalAlpha = 1;
    }
    if (shown.regions) stroke(regionLine, "#aaa292", 0.9 * thin);
    if (shown.borders) stroke(borderLine, "#333333", 1.7 * Math.max(thin, 0.45));
    if (selected && selected.shape) stroke(pathOf([selected.shape], true), "#0b5fa5", 2.5);
    pen.restore();
    pen.setTransform(dpr, 0, 0, dpr, 0, 0);
    const taken = [[0, 0, 50, 122], [0, height - 42, 170, height]]; // the buttons, the scale
    if (shown.events) drawEvents();
    if (shown.grid) drawGridText(taken);
    if (shown.labels) drawLabels(taken);
    drawScale();
  };
  const drawEvents = () => {
    pen.fillStyle = "#20202012";
    pen.strokeStyle = "#20202080";
    pen.lineWidth = 1;
    events.disc.forEach((disc, i) => {
      if (disc * k < 4 || !visible(i)) return;
      pen.beginPath();
      pen.arc(X(events.x[i]), Y(events.y[i]), disc * k, 0, 7);
      pen.fill();
      pen.stroke();
    });
    const many = events.x.length > 300;
    pen.strokeStyle = "#202020";
    pen.lineWidth = many ? 0.5 : 1;
    pen.globalAlpha = many ? 0.75 : 0.95;
    for (let i = 0; i < events.x.length; i++) {
      if (!visible(i)) continue;
      const x = X(events.x[i]), y = Y(events.y[i]), index = events.classes.index[i];
      if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
      marker(pen, x, y, index, events.size[i], events.classes.colours[index], events.hollow[i]);
    }
    pen.globalAlpha = 1;
    if (selected && selected.event !== undefined) {
      pen.strokeStyle = "#0b5fa5";
      pen.lineWidth = 3;
      pen.beginPath();
      pen.arc(X(events.x[selected.event]), Y(events.y[selected.event]), 11, 0, 7);
      pen.stroke();
    }
  };
  const FONT = {
    place: ["600 13px", "#111111"], region: ["italic 13px", "#5c5546"], country: ["14px", "#4a4437"],
  };
  const family = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif";
  const drawLabels = (taken) => {
    if (shown.events && events.x.length <= 100) {
      events.x.forEach((x, i) => taken.push([X(x) - 6, Y(events.y[i]) - 6, X(x) + 6, Y(events.y[i]) + 6]));
    }
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    for (const label of data.labels) {
      if (label.kind === "place" && !(shown.events && hasVisible(label))) continue;
      let lines = label.text.split("\n");
      if (label.kind === "country") lines = lines.map((line) => [...line.toUpperCase()].join("\u200a"));
      pen.font = `${FONT[label.kind][0]} ${family}`;
      const wide = Math.max(...lines.map((line) => pen.measureText(line).width));
      const high = 17 * lines.length;
      for (const [dx, dy] of spots(label, wide, high)) {
        const x = X(label.x) + dx, y = Y(label.y) + dy; // the middle of the words
        const box = [x - wide / 2 - 3, y - high / 2, x + wide / 2 + 3, y + high / 2];
        if (box[0] < 0 || box[1] < 0 || box[2] > width || box[3] > height) continue;
        if (taken.some((b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1])) continue;
        taken.push(box);
        lines.forEach((line, i) => {
          const left = x - pen.measureText(line).width / 2;
          write(line, left, y + 17 * (i - (lines.length - 1) / 2), FONT[label.kind][1]);
        });
        break;
      }
    }
  };
  // A place is named beside its marker; an area about its middle, as far as it has room.
  const spots = ({ kind, room }, wide, high) => {
    if (kind !== "place") return data.shifts.map(([x, y]) => [x * room * k, -y * room * k]);
    const side = 10 + wide / 2, up = 6 + high / 2;
    return [[side, 0], [-side, 0], [0, -up], [0, up]];
  };
  const write = (text, x, y, colour) => {
    pen.strokeStyle = "#ffffffd9";
    pen.lineWidth = 3.5;
    pen.strokeText(text, x, y);
    pen.fillStyle = colour;
    pen.fillText(text, x, y);
  };
  const drawGridText = (taken) => { // meridians along the lower edge, parallels along the right one
    pen.font = `11px ${family}`;
    pen.textBaseline = "middle";
    for (const { axis, text, points } of gridLines) {
      const lon = axis === "lon", edge = lon ? height - 9 : width - 4;
      for (let i = 0; i + 3 < points.length; i += 2) {
        const a = [X(points[i]), Y(points[i + 1])], b = [X(points[i + 2]), Y(points[i + 3])];
        const [p, q, u, v] = lon ? [a[1], b[1], a[0], b[0]] : [a[0], b[0], a[1], b[1]];
        if ((p - edge) * (q - edge) > 0 || p === q) continue;
        const at = u + (v - u) * (edge - p) / (q - p), wide = pen.measureText(text).width;
        if (lon ? at < 160 || at > width - 40 : at < 10 || at > height - 24) break;
        const left = lon ? at - wide / 2 : width - wide - 4, y = lon ? edge : at;
        taken.push([left - 2, y - 7, left + wide + 2, y + 7]);
        write(text, left, y, "#456271");
        break;
      }
    }
  };
  const drawScale = () => {
    const limit = 130 * data.metres / k, power = 10 ** Math.floor(Math.log10(limit));
    const length = power * [5, 2, 1].find((step) => step * power <= limit);
    $("scale").lastChild.style.width = `${length * k / data.metres}px`;
    $("scale").firstChild.textContent = (length >= 1000 ? `${length / 1000} km` : `${length} m`) + data.scaleNote;
  };

  // ---- what is under the pointer --------------------------------------------------------------------
  const hits = (px, py) => {
    const found = [], x = (px - tx) / k, y = (py - ty) / k;
    if (shown.events) {
      for (let i = events.x.length - 1; i >= 0; i--) {
        const far = Math.hypot(X(events.x[i]) - px, Y(events.y[i]) - py);
        if (far <= events.size[i] + 3 && visible(i)) found.push({ layer: events, row: i, event: i });
      }
    }
    for (const [name, layer, list] of [["cells", cells, cellShapes], ["regions", regions, regionShapes]]) {
      if (!shown[name]) continue;
      const row = list.findIndex((shape) => inside(shape, x, y));
      if (row >= 0) found.push({ layer, row, shape: list[row] });
    }
    return found;
  };
  const MOST = 12;
  const openPopup = (found, px, py) => {
    const popup = $("popup");
    const close = make("button", "×");
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", closePopup);
    popup.replaceChildren(close);
    for (const { layer, row } of found.slice(0, MOST)) {
      const list = make("dl");
      layer.columns.forEach((column, c) => {
        if (layer.rows[row][c] === null) return;
        const value = make("dd", layer.rows[row][c]);
        value.dir = "auto";
        list.append(make("dt", column), value);
      });
      popup.append(make("h3", title(layer, row)), list);
    }
    if (found.length > MOST) popup.append(make("p", `and ${found.length - MOST} more here`));
    popup.hidden = false;
    selected = found[0];
    const x = Math.min(px + 12, width - popup.offsetWidth - 8);
    const y = Math.min(py + 12, height - popup.offsetHeight - 8);
    popup.style.left = `${Math.max(8, x)}px`;
    popup.style.top = `${Math.max(8, y)}px`;
    popup.scrollTop = 0;
    redraw();
  };
  const closePopup = () => {
    $("popup").hidden = true;
    selected = null;
    redraw();
  };
  const hover = (px, py) => {
    const found = hits(px, py), tip = $("tip");
    canvas.classList.toggle("over", found.length > 0);
    tip.hidden = !found.length;
    if (!found.length) return;
    const { layer, row } = found[0], count = found.filter((hit) => hit.event !== undefined).length;
    tip.textContent = title(layer, row) + (count > 1 ? ` (and ${count - 1} more)` : "");
    tip.style.left = `${Math.min(px + 14, width - tip.offsetWidth - 4)}px`;
    tip.style.top = `${Math.max(4, py - 30)}px`;
  };

  // ---- mouse, touch, keyboard ------------------------------------------------------------------------
  const pointers = new Map();
  let moved = 0;
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    $("tip").hidden = true;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, spot(event));
    if (pointers.size === 1) moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = spot(event), last = pointers.get(event.pointerId);
    if (!last) return hover(x, y);
    const others = [...pointers.entries()].filter(([id]) => id !== event.pointerId);
    if (others.length) {
      const [ox, oy] = others[0][1];
      const was = Math.hypot(last[0] - ox, last[1] - oy), is = Math.hypot(x - ox, y - oy);
      if (was > 0) zoom(is / was, ox, oy);
      moved = 99;
    } else {
      moved += Math.hypot(x - last[0], y - last[1]);
      if (moved > 4) {
        tx += x - last[0];
        ty += y - last[1];
        canvas.classList.add("drag");
        $("tip").hidden = true;
        touched();
        settle();
      }
    }
    if (moved > 4 || others.length) pointers.set(event.pointerId, [x, y]);
  });
  const release = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    canvas.classList.remove("drag");
    if (event.type === "pointercancel" || moved > 4) return;
    const [x, y] = spot(event), found = hits(x, y);
    if (found.length) openPopup(found, x, y);
    else closePopup();
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => { $("tip").hidden = true; });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...spot(event));
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => zoom(2, ...spot(event)));
  const pan = (dx, dy) => { tx += dx; ty += dy; touched(); settle(); };
  const KEYS = {
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), "0": () => fit(),
    ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0),
    ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") closePopup(); });
  $("in").addEventListener("click", () => zoom(1.5));
  $("out").addEventListener("click", () => zoom(1 / 1.5));
  $("reset").addEventListener("click", fit);

  // ---- the panel: layers, legend, table ----------------------------------------------------------------
  const panel = $("panel");
  const toggle = (name, text, present) => {
    if (!present) return;
    const box = make("input"), label = make("label");
    box.type = "checkbox";
    box.checked = shown[name] = true;
    box.id = `layer-${name}`;
    box.addEventListener("change", () => {
      shown[name] = box.checked;
      closePopup();
    });
    label.append(box, make("span", text));
    panel.append(label);
  };
  const key = (text, paint) => {
    const row = make("div"), swatch = make("canvas");
    row.className = "key";
    swatch.width = swatch.height = 44;
    const c = swatch.getContext("2d");
    c.scale(2, 2);
    c.strokeStyle = "#202020";
    paint(c);
    row.append(swatch, make("span", text));
    panel.append(row);
  };
  panel.append(make("h2", "Layers"));
  toggle("events", `Events (${events ? events.x.length : 0})`, events);
  toggle("cells", `H3 cells (${cells ? cells.rows.length : 0})`, cells);
  toggle("regions", `Regions (${regions ? regions.rows.length : 0})`, regions);
  toggle("borders", "Country borders", borders);
  toggle("labels", "Names", data.labels.length);
  toggle("grid", "Longitude and latitude", true);
  if (days && days.some((day) => day)) {
    const known = days.filter((day) => day), count = make("p");
    const tell = () => {
      const shownNow = days.filter((_, i) => visible(i)).length;
      count.textContent = `${shownNow} of ${days.length} events`;
    };
    panel.append(make("h2", "Dates"));
    for (const [name, text] of [["from", "From"], ["to", "To"]]) {
      const box = make("input"), label = make("label");
      box.type = "date";
      box.id = `date-${name}`;
      box.min = known.map((day) => day[0]).reduce((a, b) => (a < b ? a : b));
      box.max = known.map((day) => day[1]).reduce((a, b) => (a > b ? a : b));
      box.addEventListener("change", () => {
        asked[name] = box.value;
        tell();
        closePopup();
      });
      label.append(make("span", text), box);
      panel.append(label);
    }
    count.id = "date-count";
    tell();
    panel.append(count);
  }
  if (events) {
    panel.append(make("h2", events.classes.title));
    for (const i of events.classes.used) {
      key(events.classes.labels[i], (c) => marker(c, 11, 11, i, 6, events.classes.colours[i]));
    }
    if (events.sizeKey.length) panel.append(make("h2", events.sizeTitle));
    for (const [text, radius] of events.sizeKey) {
      key(text, (c) => { c.beginPath(); c.arc(11, 11, radius, 0, 7); c.stroke(); });
    }
  }
  if (cells) {
    panel.append(make("h2", cells.classes.title));
    for (const i of cells.classes.used) {
      key(cells.classes.labels[i], (c) => {
        c.fillStyle = cells.classes.colours[i];
        c.strokeStyle = "#a09a8c";
        c.fillRect(2, 4, 18, 14);
        c.strokeRect(2, 4, 18, 14);
      });
    }
  }
  if (regions && regions.disputed.length) {
    panel.append(make("h2", "Regions"));
    key(regions.disputedText, (c) => {
      hatch.setTransform(new DOMMatrix([0.5, 0, 0, 0.5, 0, 0]));
      c.fillStyle = hatch;
      c.fillRect(2, 4, 18, 14);
      c.strokeStyle = "#a09a8c";
      c.strokeRect(2, 4, 18, 14);
    });
  }
  const listed = events || cells;
  if (listed) {
    const most = 500, rows = listed.rows.length;
    $("list-title").textContent = `${events ? "Events" : "Cells"} as a table` +
      (rows > most ? ` (the first ${most} of ${rows})` : "");
    $("list").addEventListener("toggle", () => {
      if ($("rows").childElementCount) return;
      const head = make("tr"), told = [...listed.columns.keys()]
        .filter((c) => listed.rows.some((row) => row[c] !== null)); // columns that say something
      head.append(make("th"), ...told.map((c) => make("th", listed.columns[c])));
      $("rows").append(head, ...listed.rows.slice(0, most).map((values, row) => {
        const line = make("tr"), button = make("button", "Show");
        button.addEventListener("click", () => goTo(row));
        line.append(make("td"), ...told.map((c) => make("td", values[c] ?? "")));
        line.firstChild.append(button);
        return line;
      }));
    });
  } else $("list").hidden = true;
  const goTo = (row) => {
    const shape = events ? null : cellShapes[row];
    const x = events ? events.x[row] : (shape.box[0] + shape.box[2]) / 2;
    const y = events ? events.y[row] : (shape.box[1] + shape.box[3]) / 2;
    tx = width / 2 - k * x;
    ty = height / 2 - k * y;
    settle();
    openPopup([events ? { layer: events, row, event: row } : { layer: cells, row, shape }], X(x), Y(y));
  };

  new ResizeObserver(() => {
    const first = !width, { clientWidth, clientHeight } = canvas.parentElement;
    const dpr = window.devicePixelRatio || 1;
    tx += (clientWidth - width) / 2;
    ty += (clientHeight - height) / 2;
    [width, height] = [clientWidth, clientHeight];
    canvas.width = Math.round(width * dpr);
    canvas.height = Math.round(height * dpr);
    if (first) fit();
    else settle();
  }).observe(canvas.parentElement);
})();
