//! Links, rings, veils and the band: ribbons.

use super::terse::shader;

/// Curves between daemons and the bus, as ribbons, read from the texture of shapes by the vertex's number.
pub(crate) const LINK_VERTEX: &str = shader!(
    r"#version 300 es
precision highp float;
uniform highp usampler2D u_shapes;
layout(std140) uniform Frame { vec4 u_view; vec4 u_map; vec4 u_time; };
out vec4 v_color;
out float v_side;
out float v_along;
out float v_energy;
vec4 texel(int i){ return uintBitsToFloat(texelFetch(u_shapes, ivec2(i % 160, i / 160), 0)); }
void main(){
  // The first 64 ribbons have many pieces, the others few.
  int id = gl_VertexID, wide = 64 * (2 * int(u_time.z) + 2), narrow = int(id >= wide);
  float pieces = narrow > 0 ? u_time.w : u_time.z;
  id -= narrow * wide;
  int vertices = 2 * int(pieces) + 2, first = 1600 + (id / vertices + narrow * 64) * 3;
  vec4 a_ends = texel(first), middle = texel(first + 1), last = texel(first + 2);
  vec4 a_color = vec4(middle.zw, last.xy);
  vec2 a_to = middle.xy, a_flow = last.zw;
  float part = float(id % vertices / 2) / pieces;
  float side = (id & 1) == 0 ? -1.0 : 1.0;
  v_color = a_color;
  // Where the canvas has fewer pixels than the page, a line has at least one of them.
  float thick = max(1.0, 0.6 / u_view.z);
  v_side = side;
  v_energy = a_flow.x;
  if (a_flow.y < -1.5 && a_flow.y > -2.5) {
    vec2 veil = a_ends.xy + vec2(side * a_ends.z, (part * 2.0 - 1.0) * a_ends.w);
    gl_Position = vec4(veil.x / u_view.x * 2.0 - 1.0, 1.0 - veil.y / u_view.y * 2.0, 0.0, 1.0);
    v_along = 2.0 + part;
    return;
  }
  if (a_flow.y < 0.0) {
    // A ring, or with -3 a part of the band: from where to where, turns clockwise from the top.
    bool band = a_flow.y < -2.5;
    float angle = mix(a_to.x, a_to.y, part) * 6.2831853;
    vec2 way = vec2(sin(angle), -cos(angle)), axes = band ? a_ends.zw : a_ends.zz, cube = way * way * abs(way);
    float k = band ? pow(cube.x + cube.y, -0.3333333) : 1.0;
    vec2 out_ = normalize(band ? way * abs(way) / axes : way);
    vec2 round = a_ends.xy + way * axes * k + out_ * side * (4.0 + 8.0 * a_flow.x) * thick;
    gl_Position = vec4(round.x / u_view.x * 2.0 - 1.0, 1.0 - round.y / u_view.y * 2.0, 0.0, 1.0);
    v_along = 1.0;
    if (!band) v_color.a *= mix(1.0, part, a_ends.w);
    return;
  }
  float e = part * a_flow.y, u = 1.0 - e;
  vec2 at = u * u * a_ends.xy + 2.0 * u * e * a_ends.zw + e * e * a_to;
  vec2 along = normalize(2.0 * u * (a_ends.zw - a_ends.xy) + 2.0 * e * (a_to - a_ends.zw) + vec2(0.0001));
  at += vec2(-along.y, along.x) * side * (5.0 + 5.0 * max(a_flow.x, 0.0)) * thick;
  gl_Position = vec4(at.x / u_view.x * 2.0 - 1.0, 1.0 - at.y / u_view.y * 2.0, 0.0, 1.0);
  v_along = e;
}"
);

/// A thin bright line in a soft glow. `FORCED` is replaced by whether the system forces its colours.
pub(crate) const LINK_FRAGMENT: &str = shader!(
    r"#version 300 es
precision mediump float;
in vec4 v_color;
in float v_side;
in float v_along;
in float v_energy;
out vec4 o_color;
void main(){
  if (v_along >= 2.0) {
    // A veil: a band of light with a thread in it.
    float y = v_along * 2.0 - 5.0;
    float band = exp(-v_side * v_side * 7.0) * (1.0 - y * y);
    float thread = exp(-abs(v_side - 0.12 * sin(y * 5.0 + v_energy * 9.0)) * 60.0) * (1.0 - abs(y));
    float veil = band * 0.55 + thread * 0.7;
    o_color = vec4(v_color.rgb * veil, veil * 0.25) * v_color.a;
    return;
  }
  float d = abs(v_side);
  float light = (smoothstep(0.16, 0.04, d) + pow(1.0 - d, 2.5) * 0.35) * v_color.a;
  // Forced colours: what is faint is thin.
  if (FORCED) { float px = fwidth(v_side); light = clamp((max(0.16 * v_color.a, 0.6 * px) - d) / px + 0.5, 0.0, 1.0) * step(0.01, v_color.a); }
  light *= smoothstep(0.0, 0.16, v_along);
  // Dashes.
  light *= v_energy < 0.0 ? step(0.5, fract(v_along * 22.0)) : 1.0;
  o_color = vec4(v_color.rgb * light, FORCED ? light : light * 0.3);
}"
);
