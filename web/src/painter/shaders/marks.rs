//! Marks: circles, whole and in the making, and every other shape, as signed distance fields.

use super::terse::shader;

/// Marks: one quad each, read from the texture of shapes by the vertex's number. `WHOLE` is replaced by whether this program draws the circles that are whole, or the other marks.
pub(crate) const MARK_VERTEX: &str = shader!(
    r"#version 300 es
precision highp float;
uniform highp usampler2D u_shapes;
layout(std140) uniform Frame { vec4 u_view; vec4 u_map; vec4 u_time; };
out vec2 v_at;
flat out vec4 v_color;
flat out vec4 v_state;
flat out vec4 v_kind;
flat out uvec4 v_runes;
flat out float v_radius;
uvec4 texel(int i){ return texelFetch(u_shapes, ivec2(i % 160, i / 160), 0); }
void main(){
  int vertex = gl_VertexID & 3, first = gl_VertexID / 4 * 5;
  vec4 a_box = uintBitsToFloat(texel(first)), a_color = uintBitsToFloat(texel(first + 1));
  vec4 a_state = uintBitsToFloat(texel(first + 2)), a_kind = uintBitsToFloat(texel(first + 3));
  vec2 corner = vec2((vertex & 1) == 0 ? -1.0 : 1.0, vertex < 2 ? -1.0 : 1.0);
  vec2 at = a_box.xy + corner * a_box.zw;
  gl_Position = vec4(at.x / u_view.x * 2.0 - 1.0, 1.0 - at.y / u_view.y * 2.0, 0.0, 1.0);
  v_at = vec2(corner.x, -corner.y);
  v_color = a_color;
  v_state = a_state;
  v_kind = a_kind;
  v_runes = texel(first + 4);
  v_radius = a_box.z * u_view.z;
  bool whole = a_kind.x < 0.5 && a_state.y >= 1.0 && a_state.w <= 0.0;
  if (whole != WHOLE) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}"
);

/// Circles that are whole, as almost all are at any time. The same picture as the other program's, with nothing in it that
/// a whole circle does not need, and without branches: what paints in software runs both sides of each. A pixel belongs to
/// the rim or to the heart, so it needs one rune. `FORCED` is replaced by whether the system forces its colours.
pub(crate) const CIRCLE_FRAGMENT: &str = shader!(
    r"#version 300 es
precision highp float;
in vec2 v_at;
flat in vec4 v_color;
flat in vec4 v_state;
flat in vec4 v_kind;
flat in uvec4 v_runes;
flat in float v_radius;
uniform vec4 u_strokes[120];
out vec4 o_color;
const float TAU = 6.2831853;
const float RIM = 0.66;
uint rune_at(int slot){ return (v_runes[slot / 6] >> uint(5 * (slot % 6))) & 31u; }
float segment(vec2 p, vec4 s){
  vec2 a = p - s.xy, b = s.zw - s.xy;
  return length(a - b * clamp(dot(a, b) / dot(b, b), 0.0, 1.0));
}
float line(float d, float w, float px){ return clamp((w - d) / px + 0.5, 0.0, 1.0); }
void main(){
  float turn = v_state.x, light = v_state.z, flood = v_kind.y, corners = v_kind.z;
  // How its lines are: open, dotted, a seal, plain; and their weight.
  uvec4 bits = (uvec4(v_runes.w) >> uvec4(0, 1, 2, 3)) & 1u;
  float seal = float(bits.z), bare = max(seal, float(bits.w)), weight = float(v_runes.w >> 8) / 16.0;
  vec2 p = v_at / RIM;
  float r = length(p), px = 1.0 / (v_radius * RIM), angle = atan(p.x, p.y);
  float whole = 1.0 - float(bits.x) * step(abs(angle - 0.785), 0.262);
  float dotted = mix(1.0, step(0.5, fract(angle / TAU * 44.0)), float(bits.y));
  bool rim = r > 0.735 && seal < 0.5;
  float slot = floor((angle + turn) / TAU * 16.0 + 0.5), local = angle + turn - slot / 16.0 * TAU;
  float size = rim ? 0.155 : mix(0.52, 1.0, seal);
  vec2 q = (rim ? vec2(sin(local) * r, cos(local) * r - 0.88) : p) / size;
  int first = int(min(rune_at(rim ? int(mod(slot, 16.0)) : 16), 23u)) * 5;
  float d = segment(q, u_strokes[first]);
  d = min(d, segment(q, u_strokes[first + 1]));
  d = min(d, segment(q, u_strokes[first + 2]));
  d = min(d, segment(q, u_strokes[first + 3]));
  d = min(d, segment(q, u_strokes[first + 4])) * size;
  float there = rim ? step(0.77, r) * step(r, 0.99) * whole : step(r, 0.6 + 0.25 * seal);
  float shine = exp(-d * (rim ? 70.0 : 17.0)) * there;
  float drawn = line(d, rim ? 0.75 * px : mix(2.0 * px + 0.008, 0.75 * weight * px, bare), px) * there;
  float hollow = line(abs(d - 0.03), 0.7 * px, px) * there * 0.6;
  float ink = rim ? drawn * 0.95 : drawn * bare, white = rim ? 0.0 : mix(hollow, drawn, flood) * 0.85 * (1.0 - bare);
  float soft = shine * (rim ? 0.3 : 0.45 + light * 0.5) * (1.0 - bare * 0.6);
  // Two rings, and what shines around the outer one.
  float outer = abs(r - 1.0), wide = exp(-outer * 9.0), near = wide * wide;
  ink += line(outer, 0.73 * weight * px, px) * whole * dotted + line(abs(r - 0.76), 0.55 * px, px) * 0.75 * (1.0 - seal);
  soft += (near * near * 0.6 * min(light * 3.0 + 0.2, 1.0) + wide * 0.16 * light) * whole;
  // Ticks.
  float tick = (angle + turn * 0.7) / TAU * 60.0 + 0.5;
  float tall = mod(floor(tick), 5.0) < 0.5 ? 0.085 : 0.045;
  float aside = abs(fract(tick) - 0.5) * TAU * r / 60.0;
  ink += line(aside, 0.5 * px, px) * step(1.045, r) * step(r, 1.045 + tall) * 0.34 * whole * (1.0 - bare);
  // The figure inside.
  float sector = TAU / corners;
  float a = mod(angle + turn * 1.7 - corners + sector * 0.5, sector) - sector * 0.5;
  float side = abs(r * cos(a) - 0.68 * cos(sector * 0.5)), inside = step(r, 0.72) * (1.0 - bare);
  ink += line(side, 0.5 * px, px) * 0.6 * inside;
  soft += exp(-side * 60.0) * 0.15 * inside;
  // The flood of colour, and what shines beyond the rim.
  soft += flood * step(r, 1.0) * (0.07 + 0.09 * r * r + 0.16 * light * (1.0 - r));
  soft += step(1.0, r) * exp((1.0 - r) * 3.4) * 0.24 * light * (1.0 - smoothstep(1.12, 1.5, r)) * whole;
  float strength = 0.72 + 0.4 * light;
  vec3 color = v_color.rgb;
  vec3 rgb = mix(color, vec3(1.0), 0.18) * ink * strength + color * soft * strength + mix(color, vec3(1.0), 0.85) * white;
  float cover = clamp(ink * 0.9 + soft * 0.35 + white, 0.0, 1.0);
  o_color = vec4(rgb, cover) * v_color.a * step(r, 1.0 / RIM);
  if (FORCED) o_color = vec4(color, 1.0) * clamp((ink + white) * 1.7, 0.0, 1.0) * step(r, 1.0 / RIM);
}"
);

/// Rune circles and everything else that is a shape, as signed distance fields.
/// `STROKES` is replaced by the number of strokes of all runes, `FORCED` by whether the system forces its colours, and `GROUND` by
/// what everything stands on.
pub(crate) const MARK_FRAGMENT: &str = shader!(
    r"#version 300 es
precision highp float;
in vec2 v_at;
flat in vec4 v_color;
flat in vec4 v_state;
flat in vec4 v_kind;
flat in uvec4 v_runes;
flat in float v_radius;
uniform vec4 u_strokes[STROKES];
uniform ivec4 u_runes[6];
layout(std140) uniform Frame { vec4 u_view; vec4 u_map; vec4 u_time; };
out vec4 o_color;
const float TAU = 6.2831853;
const float RIM = 0.66;
float hash(vec2 p){
  p = fract(p * vec2(0.1031, 0.1130));
  p += dot(p, p.yx + 33.33);
  return fract((p.x + p.y) * p.x);
}
float noise(vec2 p){
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  float top = mix(hash(i), hash(i + vec2(1.0, 0.0)), f.x);
  return mix(top, mix(hash(i + vec2(0.0, 1.0)), hash(i + 1.0), f.x), f.y);
}
float segment(vec2 p, vec4 s){
  vec2 a = p - s.xy, b = s.zw - s.xy;
  return length(a - b * clamp(dot(a, b) / dot(b, b), 0.0, 1.0));
}
int range_of(uint rune){ return u_runes[int(rune) / 4][int(rune) % 4]; }
uint rune_at(int slot){ return (v_runes[slot / 6] >> uint(5 * (slot % 6))) & 31u; }
float rune(vec2 p, uint which, float written){
  int range = range_of(min(which, 23u));
  int first = range >> 8, count = range & 255;
  float d = 9.0;
  for (int i = 0; i < 5; i++) {
    if (i >= count) break;
    float part = clamp(written * float(count) - float(i), 0.0, 1.0);
    if (part <= 0.0) break;
    vec4 s = u_strokes[first + i];
    s.zw = mix(s.xy, s.zw, part);
    d = min(d, segment(p, s + vec4(0.0, 0.0, 0.0001, 0.0001)));
  }
  return d;
}
float line(float d, float w, float px){ return clamp((w - d) / px + 0.5, 0.0, 1.0); }
float glow(float d, float k){ return FORCED ? 0.0 : exp(-max(d, 0.0) * k); }
vec2 turned(vec2 p, float a){ float c = cos(a), s = sin(a); return vec2(c * p.x - s * p.y, s * p.x + c * p.y); }

vec4 circle(vec2 at, bool bus){
  float turn = v_state.x, progress = v_state.y, light = v_state.z, dissolve = v_state.w;
  float flood = v_kind.y, corners = v_kind.z;
  bool seal = !bus && (v_runes.w & 4u) != 0u, open = !bus && (v_runes.w & 1u) != 0u;
  vec2 p = at / RIM;
  float px = 1.0 / (v_radius * RIM);
  float r = length(p);
  // What dissolves is eaten from the rim inwards, along an edge that glows.
  float alive = 1.0, ember = 0.0;
  if (dissolve > 0.0) {
    float grain = noise(at * 11.0 + v_kind.w * 17.0) * 0.62 + noise(at * 29.0 - v_kind.w * 5.0) * 0.38;
    float edge = dissolve * 1.4 - (1.0 - r) * 0.3 - 0.06;
    alive = smoothstep(edge - 0.04, edge + 0.04, grain);
    if (alive <= 0.0) return vec4(0.0);
    ember = alive * (1.0 - smoothstep(edge, edge + 0.12, grain));
  }
  float angle = atan(p.x, p.y);
  float sweep = fract(angle / TAU + 1.0);
  float ink = 0.0, soft = 0.0, white = 0.0;
  // Outer rings, drawn clockwise.
  float drawn = clamp(progress / 0.35, 0.0, 1.0);
  float on = step(sweep, drawn) * (open ? step(0.262, abs(angle - 0.785)) : 1.0);
  float outer = abs(r - 1.0);
  ink += on * line(outer, 1.1 * px, px);
  soft += on * (glow(outer, 34.0) * 0.6 + glow(outer, 9.0) * 0.16 * light);
  float second = clamp((progress - 0.12) / 0.35, 0.0, 1.0);
  float inner = abs(r - 0.76);
  ink += seal ? 0.0 : step(1.0 - sweep, second) * line(inner, 0.55 * px, px) * 0.75;
  // Ticks.
  if (r > 1.03 && r < 1.16 && !seal) {
    float n = bus ? 72.0 : 60.0;
    float tick = fract((angle + turn * 0.7) / TAU * n + 0.5) - 0.5;
    float tall = mod(floor((angle + turn * 0.7) / TAU * n + 0.5), n / 12.0) < 0.5 ? 0.085 : 0.045;
    float d = abs(tick) * TAU * r / n;
    ink += on * line(d, 0.5 * px, px) * step(r, 1.045 + tall) * step(1.045, r) * 0.34;
  }
  // The rim of runes.
  if (r > 0.77 && r < 0.99 && !seal) {
    float slots = 16.0;
    float a = (angle + turn) / TAU * slots;
    float slot = floor(a + 0.5);
    float local = (a - slot) / slots * TAU;
    vec2 q = vec2(sin(local) * r, cos(local) * r - 0.88) / 0.155;
    int which = int(mod(slot, slots));
    float written = clamp((progress - 0.18) * 3.2 - float(which) / slots * 1.2, 0.0, 1.0);
    if (written > 0.0) {
      float d = rune(q, rune_at(which), written) * 0.155;
      ink += line(d, 0.75 * px, px) * 0.95;
      soft += glow(d, 70.0) * 0.3;
    }
  }
  // The figure inside.
  if (r < 0.72 && !bus && !seal) {
    float part = clamp((progress - 0.5) / 0.3, 0.0, 1.0);
    vec2 q = turned(p, turn * -1.7 + corners);
    float sector = TAU / corners;
    float a = mod(atan(q.x, q.y) + sector * 0.5, sector) - sector * 0.5;
    float apothem = 0.68 * cos(sector * 0.5);
    float side = abs(length(q) * cos(a) - apothem);
    float within = smoothstep(part, part - 0.02, abs(a) / (sector * 0.5));
    ink += within * line(side, 0.5 * px, px) * 0.6;
    soft += within * glow(side, 60.0) * 0.15;
  }
  if (bus) {
    float third = abs(r - 0.70);
    ink += line(third, 0.8 * px, px) * 0.55;
    soft += glow(third, 30.0) * 0.25;
    ink *= 0.72;
    float heart = glow(r, 3.2) * (0.7 + light * 0.6);
    soft += heart * 0.85;
    white += glow(r, 10.0) * (0.5 + light * 0.5);
  } else {
    // The heart rune, stroke by stroke.
    if (r < (seal ? 0.85 : 0.6)) {
      float written = clamp((progress - 0.6) / 0.3, 0.0, 1.0), size = seal ? 1.0 : 0.52;
      if (written > 0.0) {
        float d = rune(p / size, rune_at(16), written) * size;
        float full = line(d, 2.0 * px + 0.008, px);
        float hollow = line(abs(d - 0.03), 0.7 * px, px);
        white += mix(hollow * 0.6, full, flood) * 0.85;
        soft += glow(d, 17.0) * (0.45 + light * 0.5);
      }
    }
    // The flood of colour.
    float full = clamp((progress - 0.75) / 0.25, 0.0, 1.0) * flood;
    soft += full * step(r, 1.0) * (0.07 + 0.09 * r * r + 0.16 * light * (1.0 - r));
  }
  // What shines beyond the rim.
  soft += (r > 1.0 ? glow(r - 1.0, 3.4) * 0.24 * light * drawn * (1.0 - smoothstep(1.12, 1.5, r)) : 0.0);
  if (FORCED) soft = ember = 0.0;
  vec3 color = v_color.rgb;
  float strength = 0.72 + 0.4 * light;
  vec3 rgb = mix(color, vec3(1.0), 0.18) * ink * strength + color * soft * strength + mix(color, vec3(1.0), 0.85) * white;
  rgb += mix(color, vec3(1.0, 0.8, 0.7), 0.5) * ember * (ink + soft) * 1.6;
  float cover = clamp(ink * 0.9 + soft * 0.35 + white, 0.0, 1.0);
  return vec4(rgb, cover) * v_color.a * alive;
}

void main(){
  int kind = int(v_kind.x + 0.5);
  float px = 1.0 / v_radius;
  float r = length(v_at);
  vec4 result = vec4(0.0);
  if (kind <= 1) {
    if (r > 1.0) discard;
    result = circle(v_at, kind == 1);
  } else if (kind == 3) {
    if (r < 0.76 || r > 0.99) discard;
    float n = 96.0, angle = atan(v_at.x, v_at.y), t = v_state.y * 30.0;
    float slot = floor(angle / TAU * n + 0.5), a = slot / n * TAU;
    float wave = abs(sin(a * 5.0 + t) * sin(a * 3.0 - t * 0.6) * 0.7 + 0.3 * sin(a * 13.0 - t * 1.7));
    float tall = 0.012 + 0.17 * wave * sin(min(v_state.y * 4.0, 1.5708)) * (1.0 - v_state.y);
    float across = abs(angle - a) * r;
    float bar = line(across, 0.0065, px) * line(abs(r - 0.79 - tall * 0.5), tall * 0.5, px);
    result = vec4(v_color.rgb * bar, bar * 0.3) * v_color.a * (1.0 - smoothstep(0.90, 0.99, r) * 0.7);
  } else if (kind == 2) {
    // A small disc in its glow; an empty chair is a ring.
    float full = v_kind.y, disc = line(r, 0.5, px);
    float light = mix(line(abs(r - 0.7), 0.14, px), disc + glow(r, 4.0) * 0.5 * (1.0 - smoothstep(0.75, 1.0, r)), full);
    result = vec4(mix(v_color.rgb, vec3(1.0), 0.7 * disc * full) * light, light * 0.5) * v_color.a;
  } else if (kind == 4) {
    float disc = line(r, 0.94, px);
    float edge = 1.0 - line(r, 0.76, px);
    float bar = line(abs(v_at.x), 0.1, px) * line(abs(v_at.y - 0.13), 0.3, px);
    bar = max(bar, line(length(v_at + vec2(0.0, 0.44)), 0.12, px));
    result = vec4(mix(v_color.rgb, GROUND, max(bar, edge)) * disc, disc) * v_color.a;
  } else if (kind == 7) {
    vec2 p = abs(v_at);
    float d = segment(p, vec4(0.0, 0.0, 0.4, 0.4));
    float splinters = min(segment(v_at, vec4(-0.62, 0.66, -0.86, 0.8)), segment(v_at, vec4(-0.2, 0.8, -0.14, 0.98)));
    splinters = min(splinters, min(segment(v_at, vec4(0.66, -0.62, 0.8, -0.86)), segment(v_at, vec4(0.8, -0.2, 0.98, -0.14))));
    float ink = max(line(d, 0.1, px), line(splinters, 0.035, px) * 0.8), light = ink + glow(r, 2.6) * 0.4 * (1.0 - smoothstep(0.7, 1.0, r));
    result = vec4(v_color.rgb * light, max(ink, light * 0.6)) * v_color.a;
  } else if (kind == 8) {
    float dot_ = line(length(vec2(abs(abs(v_at.x) - 0.31) - 0.31, v_at.y)), 0.2, px);
    result = vec4(v_color.rgb, 1.0) * dot_ * v_color.a;
  } else {
    float d = rune(turned(v_at, v_state.x) / 1.7, v_runes.x & 31u, 1.0) * 1.7;
    float light = line(d, 1.4 * px, px) + glow(d, 5.0) * 0.4 * (1.0 - smoothstep(0.7, 1.0, r));
    result = vec4(mix(v_color.rgb, vec3(1.0), 0.3) * light, light * 0.4) * v_color.a;
  }
  if (FORCED && kind != 4) result = vec4(v_color.rgb, 1.0) * clamp(result.a * (kind <= 1 ? 1.8 : 3.0), 0.0, 1.0);
  o_color = result;
}"
);
