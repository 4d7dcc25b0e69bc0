// Delta-coded integers to points, boxes and paths; what is inside them; the markers of events.
const geoRiskShapes = (markers) => {
  "use strict";
  const decode = (steps) => {
    const points = new Float64Array(steps.length);
    for (let i = 0, x = 0, y = 0; i < steps.length; i += 2) {
      points[i] = x += steps[i];
      points[i + 1] = y += steps[i + 1];
    }
    return points;
  };
  const trace = (path, points, closed) => {
    path.moveTo(points[0], points[1]);
    for (let i = 2; i < points.length; i += 2) path.lineTo(points[i], points[i + 1]);
    if (closed) path.closePath();
  };
  const shapes = (coded) => coded.map((curves) => {
    const rings = curves.map(decode), box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        box[0] = Math.min(box[0], ring[i]);
        box[1] = Math.min(box[1], ring[i + 1]);
        box[2] = Math.max(box[2], ring[i]);
        box[3] = Math.max(box[3], ring[i + 1]);
      }
    }
    return { rings, box };
  });
  const pathOf = (features, closed) => {
    const path = new Path2D();
    for (const feature of features) for (const ring of feature.rings) trace(path, ring, closed);
    return path;
  };
  const inside = ({ rings, box }, x, y) => {
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
    let odd = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        if (ring[i + 1] > y !== ring[j + 1] > y &&
            x < ring[i] + (ring[j] - ring[i]) * (y - ring[i + 1]) / (ring[j + 1] - ring[i + 1])) {
          odd = !odd;
        }
      }
    }
    return odd;
  };

  const MARKER = {
    circle: (c, r) => c.arc(0, 0, r, 0, 7),
    square: (c, r) => c.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r),
    triangle: (c, r) => polygon(c, [0, -1.2, 1.1, 0.8, -1.1, 0.8], r),
    down: (c, r) => polygon(c, [0, 1.2, 1.1, -0.8, -1.1, -0.8], r),
    diamond: (c, r) => polygon(c, [0, -1.25, 1.25, 0, 0, 1.25, -1.25, 0], r),
    plus: (c, r) => polygon(c, PLUS, r),
    cross: (c, r) => { c.rotate(Math.PI / 4); polygon(c, PLUS, r); c.rotate(-Math.PI / 4); },
  };
  const PLUS = [-0.4, -1.1, 0.4, -1.1, 0.4, -0.4, 1.1, -0.4, 1.1, 0.4, 0.4, 0.4,
    0.4, 1.1, -0.4, 1.1, -0.4, 0.4, -1.1, 0.4, -1.1, -0.4, -0.4, -0.4];
  const polygon = (c, points, r) => {
    for (let i = 0; i < points.length; i += 2) {
      if (i) c.lineTo(points[i] * r, points[i + 1] * r);
      else c.moveTo(points[0] * r, points[1] * r);
    }
    c.closePath();
  };
  const marker = (c, x, y, index, radius, colour, hollow) => {
    const [line, wide] = [c.strokeStyle, c.lineWidth];
    c.translate(x, y);
    c.beginPath();
    MARKER[markers[Math.min(index, markers.length - 1)]](c, radius);
    c.fillStyle = hollow ? "#ffffff" : colour;
    if (hollow) [c.strokeStyle, c.lineWidth] = [colour, 2.5];
    c.fill();
    c.stroke();
    [c.strokeStyle, c.lineWidth] = [line, wide];
    c.translate(-x, -y);
  };

  return { decode, trace, shapes, pathOf, inside, marker };
};
