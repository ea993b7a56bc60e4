//! Particles: points whose place is a function of their record and the time.

use super::terse::shader;

/// Particles: place and light are functions of the spawn record and the time.
/// The same function in Rust is `arcane_stage::particles::Record::at`.
pub(crate) const PARTICLE_VERTEX: &str = shader!(
    r"#version 300 es
precision highp float;
layout(location=0) in vec4 a_ends;
layout(location=1) in vec2 a_to;
layout(location=2) in vec2 a_time;
layout(location=3) in vec4 a_color;
layout(location=4) in float a_size;
layout(location=5) in uint a_style;
layout(std140) uniform Frame { vec4 u_view; vec4 u_map; vec4 u_time; };
out vec4 v_color;
float unit(uint seed){
  uint x = seed * 0x9E3779B9u ^ 0x85EBCA6Bu;
  x ^= x >> 16; x *= 0x7FEB352Du; x ^= x >> 15; x *= 0x846CA68Bu; x ^= x >> 16;
  return float(x >> 8) / 16777216.0;
}
vec2 px(vec2 at){ return u_map.xy + at * u_map.zw; }
void main(){
  uint motion = a_style & 15u;
  float spread = float((a_style >> 4) & 4095u);
  uint seed = a_style >> 16;
  float t = motion == 4u ? u_view.w : u_time.x;
  float glow = motion == 4u ? 0.8 : u_time.y;
  float age = motion == 4u ? 0.5 : (t - a_time.x) / max(a_time.y, 0.001);
  if (age < 0.0 || age >= 1.0) { gl_Position = vec4(2.0,2.0,2.0,1.0); gl_PointSize = 0.0; v_color = vec4(0.0); return; }
  float r0 = unit(seed), r1 = unit(seed + 7919u), r2 = unit(seed + 15485u);
  float alpha = min(age * 8.0, 1.0) * pow(1.0 - age, 0.7);
  vec2 from = a_ends.xy * 4.0, control = a_ends.zw * 4.0, to = a_to * 4.0;
  vec2 at;
  if (motion == 0u) {
    float e = age * age * (3.0 - 2.0 * age), u = 1.0 - e;
    at = u * u * px(from) + 2.0 * u * e * px(control) + e * e * px(to);
    at += (vec2(r0, r1) - 0.5) * 2.0 * spread * sin(age * 3.14159265);
  } else if (motion == 1u) {
    float e = 1.0 - pow(1.0 - age, 3.0), angle = r0 * 6.2831853;
    at = px(from) + vec2(cos(angle), sin(angle)) * spread * e * (0.35 + 0.65 * r1);
  } else if (motion == 2u) {
    float angle = r0 * 6.2831853 + age * age * (2.0 + 2.0 * r2);
    at = px(from) + vec2(cos(angle), sin(angle)) * spread * (1.0 - age * age) * (0.8 + 0.35 * r1);
  } else if (motion == 3u) {
    float angle = r0 * 6.2831853 + age * a_time.y * (1.6 + r1);
    at = px(from) + vec2(cos(angle), sin(angle)) * spread * (1.0 + 0.12 * (r2 - 0.5));
  } else {
    at = (a_ends.xy * 0.5 + 0.5) * u_view.xy;
    alpha = 0.55 + 0.45 * sin(t * (0.3 + r0) + r1 * 6.2831853);
  }
  gl_Position = vec4(at.x / u_view.x * 2.0 - 1.0, 1.0 - at.y / u_view.y * 2.0, 0.0, 1.0);
  gl_PointSize = max(a_size * (0.6 + 0.8 * r2) * u_view.z * 2.6, 1.0);
  v_color = vec4(a_color.rgb, a_color.a * alpha * glow);
}"
);

/// A round dot with a hot middle; light adds up.
pub(crate) const PARTICLE_FRAGMENT: &str = shader!(
    r"#version 300 es
precision mediump float;
in vec4 v_color;
out vec4 o_color;
void main(){
  float d = length(gl_PointCoord - 0.5) * 2.0;
  float core = smoothstep(0.45, 0.1, d);
  float halo = pow(max(1.0 - d, 0.0), 2.2) * 0.55;
  float light = (core + halo) * v_color.a;
  o_color = vec4(mix(v_color.rgb, vec3(1.0), core * 0.35) * light, light * 0.5);
}"
);
