//! The WebGL2 painter: one draw for curves, one for marks, one for stars, one for particles.

use arcane_shared::Rgb;
use arcane_stage::particles::{CAPACITY, Motion, Particles, RECORD_BYTES, Record, unit};
use arcane_stage::picture::{LINK_BYTES, MARK_BYTES, MARKS_MAX, Picture};
use arcane_stage::runes::FUTHARK;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    HtmlCanvasElement, WebGl2RenderingContext as Gl, WebGlBuffer, WebGlContextAttributes, WebGlProgram,
    WebGlUniformLocation, WebGlVertexArrayObject,
};

use super::shaders;

const STARS: usize = 260;
/// Vertices of a ribbon: 64 pieces.
const RIBBON: i32 = 130;
/// `WEBGL_debug_renderer_info`: the constant is the same in every browser.
const UNMASKED_RENDERER: u32 = 0x9246;

/// See the module.
pub(crate) struct WebGl {
    gl: Gl,
    kit: Kit,
    software: bool,
    bytes: Vec<u8>,
    fresh: Vec<(usize, Vec<u8>)>,
    used: usize,
}

/// What has to be made again when the context was lost.
struct Kit {
    marks: Pass,
    links: Pass,
    particles: Pass,
    stars: WebGlVertexArrayObject,
}

struct Pass {
    program: WebGlProgram,
    array: WebGlVertexArrayObject,
    buffer: WebGlBuffer,
    view: Option<WebGlUniformLocation>,
    map: Option<WebGlUniformLocation>,
    glow: Option<WebGlUniformLocation>,
}

/// One attribute: location, components, type, normalised, integer, offset.
type Attribute = (u32, i32, u32, bool, bool, i32);

const MARK_LAYOUT: [Attribute; 5] = [
    (0, 4, Gl::FLOAT, false, false, 0),
    (1, 4, Gl::FLOAT, false, false, 16),
    (2, 4, Gl::FLOAT, false, false, 32),
    (3, 4, Gl::FLOAT, false, false, 48),
    (4, 4, Gl::UNSIGNED_INT, false, true, 64),
];
const LINK_LAYOUT: [Attribute; 4] = [
    (0, 4, Gl::FLOAT, false, false, 0),
    (1, 2, Gl::FLOAT, false, false, 16),
    (2, 4, Gl::FLOAT, false, false, 24),
    (3, 2, Gl::FLOAT, false, false, 40),
];
const PARTICLE_LAYOUT: [Attribute; 6] = [
    (0, 4, Gl::SHORT, true, false, 0),
    (1, 2, Gl::SHORT, true, false, 8),
    (2, 2, Gl::FLOAT, false, false, 12),
    (3, 4, Gl::UNSIGNED_BYTE, true, false, 20),
    (4, 1, Gl::FLOAT, false, false, 24),
    (5, 1, Gl::UNSIGNED_INT, false, true, 28),
];

impl WebGl {
    pub(crate) fn new(canvas: &HtmlCanvasElement) -> Result<Self, String> {
        let attributes = WebGlContextAttributes::new();
        attributes.set_alpha(true);
        attributes.set_antialias(false);
        attributes.set_depth(false);
        attributes.set_premultiplied_alpha(true);
        attributes.set_preserve_drawing_buffer(false);
        let gl = canvas
            .get_context_with_context_options("webgl2", &attributes)
            .map_err(|error| text_of(&error))?
            .ok_or("the browser has no webgl2 context")?
            .dyn_into::<Gl>()
            .map_err(|_| "the context is something else")?;
        let kit = Kit::new(&gl)?;
        let software = renderer_name(&gl).is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            ["swiftshader", "llvmpipe", "software", "basic render"].iter().any(|known| name.contains(known))
        });
        Ok(Self { gl, kit, software, bytes: Vec::new(), fresh: Vec::new(), used: 0 })
    }

    pub(crate) fn is_software(&self) -> bool {
        self.software
    }

    pub(crate) fn restore(&mut self) -> Result<(), String> {
        self.kit = Kit::new(&self.gl)?;
        self.used = 0;
        Ok(())
    }

    pub(crate) fn paint(&mut self, picture: &Picture, particles: &mut Particles, scale: f32) {
        let gl = &self.gl;
        let [width, height] = picture.size.map(|v| v.max(1.0));
        gl.viewport(0, 0, gl.drawing_buffer_width(), gl.drawing_buffer_height());
        let [r, g, b, cover] = picture.veil;
        gl.clear_color(r * cover, g * cover, b * cover, cover);
        gl.clear(Gl::COLOR_BUFFER_BIT);
        gl.enable(Gl::BLEND);
        gl.blend_func(Gl::ONE, Gl::ONE_MINUS_SRC_ALPHA);

        let map = [
            picture.mapping.centre[0],
            picture.mapping.centre[1],
            picture.mapping.unit[0],
            picture.mapping.unit[1],
        ];
        let pass = &self.kit.particles;
        gl.use_program(Some(&pass.program));
        gl.uniform4f(pass.map.as_ref(), map[0], map[1], map[2], map[3]);
        gl.uniform1f(pass.glow.as_ref(), 0.8);
        gl.uniform4f(pass.view.as_ref(), width, height, scale, picture.time);
        gl.bind_vertex_array(Some(&self.kit.stars));
        gl.draw_arrays(Gl::POINTS, 0, count(STARS));

        picture.encode_links(&mut self.bytes);
        if !self.bytes.is_empty() {
            let pass = &self.kit.links;
            gl.use_program(Some(&pass.program));
            gl.uniform4f(pass.view.as_ref(), width, height, scale, picture.time);
            gl.bind_vertex_array(Some(&pass.array));
            gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&pass.buffer));
            gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, 0, &self.bytes);
            gl.draw_arrays_instanced(Gl::TRIANGLE_STRIP, 0, RIBBON, count(self.bytes.len() / LINK_BYTES));
        }

        picture.encode_marks(&mut self.bytes);
        let pass = &self.kit.marks;
        gl.use_program(Some(&pass.program));
        gl.uniform4f(pass.view.as_ref(), width, height, scale, picture.time);
        gl.bind_vertex_array(Some(&pass.array));
        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&pass.buffer));
        gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, 0, &self.bytes);
        gl.draw_arrays_instanced(Gl::TRIANGLE_STRIP, 0, 4, count(self.bytes.len() / MARK_BYTES));

        particles.take_fresh(&mut self.fresh);
        let pass = &self.kit.particles;
        gl.bind_vertex_array(Some(&pass.array));
        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&pass.buffer));
        for (offset, bytes) in &self.fresh {
            gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, count(*offset), bytes);
        }
        self.used = particles.records().len();
        if self.used > 0 {
            gl.use_program(Some(&pass.program));
            gl.uniform1f(pass.glow.as_ref(), picture.particle_glow);
            gl.uniform4f(pass.view.as_ref(), width, height, scale, picture.particle_time);
            gl.draw_arrays(Gl::POINTS, 0, count(self.used));
        }
        gl.bind_vertex_array(None);
    }
}

impl Kit {
    fn new(gl: &Gl) -> Result<Self, String> {
        let strokes: usize = FUTHARK.iter().map(|rune| rune.len()).sum();
        let fragment = shaders::MARK_FRAGMENT.replace("STROKES", &strokes.to_string());
        let marks = Pass::new(
            gl,
            shaders::MARK_VERTEX,
            &fragment,
            MARKS_MAX * MARK_BYTES,
            &MARK_LAYOUT,
            MARK_BYTES,
            1,
        )?;
        teach_runes(gl, &marks.program);
        let links = Pass::new(
            gl,
            shaders::LINK_VERTEX,
            shaders::LINK_FRAGMENT,
            MARKS_MAX * LINK_BYTES,
            &LINK_LAYOUT,
            LINK_BYTES,
            1,
        )?;
        let particles = Pass::new(
            gl,
            shaders::PARTICLE_VERTEX,
            shaders::PARTICLE_FRAGMENT,
            CAPACITY * RECORD_BYTES,
            &PARTICLE_LAYOUT,
            RECORD_BYTES,
            0,
        )?;
        let stars = stars(gl)?;
        Ok(Self { marks, links, particles, stars })
    }
}

impl Pass {
    fn new(
        gl: &Gl,
        vertex: &str,
        fragment: &str,
        bytes: usize,
        layout: &[Attribute],
        stride: usize,
        divisor: u32,
    ) -> Result<Self, String> {
        let program = program(gl, vertex, fragment)?;
        let array = gl.create_vertex_array().ok_or("no vertex array")?;
        let buffer = gl.create_buffer().ok_or("no buffer")?;
        gl.bind_vertex_array(Some(&array));
        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&buffer));
        gl.buffer_data_with_i32(Gl::ARRAY_BUFFER, count(bytes), Gl::DYNAMIC_DRAW);
        describe(gl, layout, stride, divisor);
        gl.bind_vertex_array(None);
        let at = |name: &str| gl.get_uniform_location(&program, name);
        Ok(Self { view: at("u_view"), map: at("u_map"), glow: at("u_glow"), program, array, buffer })
    }
}

fn describe(gl: &Gl, layout: &[Attribute], stride: usize, divisor: u32) {
    for (location, components, kind, normalized, integer, offset) in layout {
        gl.enable_vertex_attrib_array(*location);
        if *integer {
            gl.vertex_attrib_i_pointer_with_i32(*location, *components, *kind, count(stride), *offset);
        } else {
            gl.vertex_attrib_pointer_with_i32(
                *location,
                *components,
                *kind,
                *normalized,
                count(stride),
                *offset,
            );
        }
        gl.vertex_attrib_divisor(*location, divisor);
    }
}

/// The same sky for everybody.
fn stars(gl: &Gl) -> Result<WebGlVertexArrayObject, String> {
    let mut bytes = Vec::with_capacity(STARS * RECORD_BYTES);
    for n in 0..u16::try_from(STARS).unwrap_or(u16::MAX) {
        let at = |salt: u32| unit(u32::from(n) * 3 + salt);
        let tint = if at(9_001) > 0.8 { Rgb([0xC4, 0xB5, 0xFD]) } else { Rgb([0xE4, 0xE8, 0xFF]) };
        let star = Record {
            // Stored as a part of four, as all stage coordinates are.
            from: [(at(1) * 2.0 - 1.0) * 4.0, (at(2) * 2.0 - 1.0) * 4.0],
            control: [0.0; 2],
            to: [0.0; 2],
            born: 0.0,
            life: 1.0,
            color: tint,
            alpha: if at(5_003) > 0.88 { 235 } else { 120 },
            size: 0.6 + at(7_001) * 0.85,
            motion: Motion::Star,
            spread: 0,
            seed: n,
        };
        bytes.extend_from_slice(&star.encode());
    }
    let array = gl.create_vertex_array().ok_or("no vertex array")?;
    let buffer = gl.create_buffer().ok_or("no buffer")?;
    gl.bind_vertex_array(Some(&array));
    gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&buffer));
    gl.buffer_data_with_u8_array(Gl::ARRAY_BUFFER, &bytes, Gl::STATIC_DRAW);
    describe(gl, &PARTICLE_LAYOUT, RECORD_BYTES, 0);
    gl.bind_vertex_array(None);
    Ok(array)
}

/// Gives the mark shader all strokes, and for each rune where its own begin (<< 8) and how many.
fn teach_runes(gl: &Gl, program: &WebGlProgram) {
    let strokes: Vec<f32> = FUTHARK.iter().flat_map(|rune| rune.iter().flatten().copied()).collect();
    let mut first = 0;
    let ranges: Vec<i32> = FUTHARK
        .iter()
        .map(|rune| {
            let range = (first << 8) | count(rune.len());
            first += count(rune.len());
            range
        })
        .collect();
    gl.use_program(Some(program));
    gl.uniform4fv_with_f32_array(gl.get_uniform_location(program, "u_strokes").as_ref(), &strokes);
    gl.uniform4iv_with_i32_array(gl.get_uniform_location(program, "u_runes").as_ref(), &ranges);
}

fn program(gl: &Gl, vertex: &str, fragment: &str) -> Result<WebGlProgram, String> {
    let program = gl.create_program().ok_or("no program")?;
    for (kind, source) in [(Gl::VERTEX_SHADER, vertex), (Gl::FRAGMENT_SHADER, fragment)] {
        let shader = gl.create_shader(kind).ok_or("no shader")?;
        gl.shader_source(&shader, source);
        gl.compile_shader(&shader);
        if gl.get_shader_parameter(&shader, Gl::COMPILE_STATUS) != JsValue::TRUE && !gl.is_context_lost() {
            return Err(gl.get_shader_info_log(&shader).unwrap_or_default());
        }
        gl.attach_shader(&program, &shader);
        gl.delete_shader(Some(&shader));
    }
    gl.link_program(&program);
    if gl.get_program_parameter(&program, Gl::LINK_STATUS) != JsValue::TRUE && !gl.is_context_lost() {
        return Err(gl.get_program_info_log(&program).unwrap_or_default());
    }
    Ok(program)
}

fn renderer_name(gl: &Gl) -> Option<String> {
    gl.get_extension("WEBGL_debug_renderer_info").ok()??;
    gl.get_parameter(UNMASKED_RENDERER).ok()?.as_string()
}

fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn text_of(error: &JsValue) -> String {
    error.as_string().unwrap_or_else(|| "unknown".into())
}
