//! The WebGL2 painter: one draw for curves, one for marks, one for stars, one for particles.
//!
//! Particles are points: one vertex each instead of four, and those that are alive are one stretch of the ring.

use std::cell::Cell;

use arcane_stage::particles::{CAPACITY, Particles, RECORD_BYTES, SOFTWARE_CAPACITY};
use arcane_stage::picture::{LINK_BYTES, MARK_BYTES, MARKS_MAX, Picture, SHAPES_BYTES};
use arcane_stage::runes::FUTHARK;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    HtmlCanvasElement, WebGl2RenderingContext as Gl, WebGlBuffer, WebGlContextAttributes, WebGlProgram,
    WebGlVertexArrayObject,
};

use super::shaders;
use super::static_buffers::{STARS, count, stars, teach_five, teach_runes};
use crate::clock;

/// Pieces of a ribbon; where a CPU paints, each triangle costs as much as its pixels.
const RIBBON_PIECES: [i32; 2] = [64, 28];
/// The block that all shaders read: three vectors.
const FRAME_BYTES: i32 = 48;
/// `KHR_parallel_shader_compile`: whether a program is ready.
const COMPLETION_STATUS: u32 = 0x91B1;
/// `WEBGL_debug_renderer_info`: the constant is the same in every browser.
const UNMASKED_RENDERER: u32 = 0x9246;

/// The painter that uses WebGL.
pub(crate) struct WebGl {
    gl: Gl,
    programs: Programs,
    /// There once the programs are: until then nothing is painted, and nobody waits.
    kit: Option<Kit>,
    software: bool,
    bytes: Vec<u8>,
    /// What the context was told last: it is told again only when it changes.
    told: Told,
}

#[derive(Default, PartialEq)]
struct Told {
    size: [i32; 2],
    clear: [f32; 4],
}

/// The programs, perhaps still being compiled.
struct Programs {
    marks: WebGlProgram,
    circles: WebGlProgram,
    links: WebGlProgram,
    particles: WebGlProgram,
    /// Whether the browser tells when they are ready. Any other question would wait for the compiler.
    tells: bool,
    /// How many of them are known to be whole. Each such question waits for the GPU, so a frame asks one.
    whole: Cell<usize>,
}

/// What has to be made again when the context was lost.
struct Kit {
    /// Bound for good; kept so that it lives.
    _frame: WebGlBuffer,
    /// Marks, and links behind them.
    shapes: WebGlBuffer,
    marks: Pass,
    links: Pass,
    /// The ring, and the stars behind it.
    records: WebGlBuffer,
    particles: Pass,
    capacity: usize,
}

struct Pass {
    program: WebGlProgram,
    array: WebGlVertexArrayObject,
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
        let programs = Programs::new(&gl)?;
        Ok(Self { gl, programs, kit: None, software: false, bytes: Vec::new(), told: Told::default() })
    }

    /// Whether it can paint: the compiler works beside the page, not in its way. The first time that it can, it is known
    /// what paints.
    pub(crate) fn is_ready(&mut self) -> Result<bool, String> {
        if self.kit.is_none() && self.programs.are_ready(&self.gl)? {
            self.software = renderer_name(&self.gl).is_some_and(|name| {
                let name = name.to_ascii_lowercase();
                ["swiftshader", "llvmpipe", "software", "basic render"]
                    .iter()
                    .any(|known| name.contains(known))
            });
            self.kit = Some(Kit::new(&self.gl, &self.programs, self.software)?);
        }
        Ok(self.kit.is_some())
    }

    pub(crate) fn is_software(&self) -> bool {
        self.software
    }

    pub(crate) fn restore(&mut self) -> Result<(), String> {
        self.programs = Programs::new(&self.gl)?;
        self.kit = None;
        self.told = Told::default();
        Ok(())
    }

    /// At most twenty calls a frame, whatever happens in it.
    pub(crate) fn paint(&mut self, picture: &Picture, particles: &mut Particles, scale: f32) {
        self.begin(picture, scale);
        let Some(kit) = &self.kit else { return };
        let vertices = 2 * (self.ribbon_pieces() + 1);
        let (gl, bytes) = (&self.gl, &mut self.bytes);

        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&kit.shapes));
        picture.encode_shapes(bytes);
        gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, 0, bytes);
        let links = picture.link_count();
        if links > 0 {
            kit.links.begin(gl);
            gl.draw_arrays_instanced(Gl::TRIANGLE_STRIP, 0, vertices, count(links));
        }
        // Both programs get all marks, and each leaves out those of the other. Signs lie over the circles that they belong to.
        let marks = count(picture.mark_count());
        gl.bind_vertex_array(Some(&kit.marks.array));
        gl.use_program(Some(&self.programs.circles));
        gl.draw_arrays_instanced(Gl::TRIANGLE_STRIP, 0, 4, marks);
        gl.use_program(Some(&kit.marks.program));
        gl.draw_arrays_instanced(Gl::TRIANGLE_STRIP, 0, 4, marks);

        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&kit.records));
        for fresh in particles.take_fresh() {
            if !fresh.is_empty() {
                let offset = count(fresh.start * RECORD_BYTES);
                particles.encode(fresh, bytes);
                gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, offset, bytes);
            }
        }
        kit.particles.begin(gl);
        gl.draw_arrays(Gl::POINTS, count(kit.capacity), count(STARS));
        for living in particles.living() {
            if !living.is_empty() {
                gl.draw_arrays(Gl::POINTS, count(living.start), count(living.len()));
            }
        }
    }

    fn ribbon_pieces(&self) -> i32 {
        RIBBON_PIECES[usize::from(self.software)]
    }

    /// An empty canvas, and what all shaders read.
    fn begin(&mut self, picture: &Picture, scale: f32) {
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let pieces = self.ribbon_pieces() as f32;
        let (gl, bytes) = (&self.gl, &mut self.bytes);
        let [width, height] = picture.size.map(|v| v.max(1.0));
        let [r, g, b, cover] = picture.veil;
        #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
        let told = Told {
            size: [width, height].map(|v| (v * scale).round() as i32),
            clear: [r * cover, g * cover, b * cover, cover],
        };
        if told != self.told {
            gl.viewport(0, 0, told.size[0], told.size[1]);
            let [r, g, b, a] = told.clear;
            gl.clear_color(r, g, b, a);
            self.told = told;
        }
        gl.clear(Gl::COLOR_BUFFER_BIT);
        let mapping = &picture.mapping;
        bytes.clear();
        let [centre, unit] = [mapping.centre, mapping.unit];
        let block = [
            [width, height, scale, picture.time],
            [centre[0], centre[1], unit[0], unit[1]],
            [picture.particle_time, picture.particle_glow, pieces, 0.0],
        ];
        for float in block.as_flattened() {
            bytes.extend_from_slice(&float.to_le_bytes());
        }
        gl.buffer_sub_data_with_i32_and_u8_array(Gl::UNIFORM_BUFFER, 0, bytes);
    }
}

impl Programs {
    fn new(gl: &Gl) -> Result<Self, String> {
        let strokes: usize = FUTHARK.iter().map(|rune| rune.len()).sum();
        let fragment = shaders::marks::MARK_FRAGMENT.replace("STROKES", &strokes.to_string());
        let vertex = |whole: &str| shaders::marks::MARK_VERTEX.replace("WHOLE", whole);
        Ok(Self {
            marks: program(gl, &vertex("false"), &fragment)?,
            circles: program(gl, &vertex("true"), shaders::marks::CIRCLE_FRAGMENT)?,
            links: program(gl, shaders::links::LINK_VERTEX, shaders::links::LINK_FRAGMENT)?,
            particles: program(
                gl,
                shaders::particles::PARTICLE_VERTEX,
                shaders::particles::PARTICLE_FRAGMENT,
            )?,
            // Where every frame has to be made again, the first one waits.
            whole: Cell::new(0),
            tells: !clock::is_manual()
                && gl.get_extension("KHR_parallel_shader_compile").is_ok_and(|there| there.is_some()),
        })
    }

    fn all(&self) -> [&WebGlProgram; 4] {
        [&self.marks, &self.circles, &self.links, &self.particles]
    }

    fn are_ready(&self, gl: &Gl) -> Result<bool, String> {
        let ready =
            |program: &&WebGlProgram| gl.get_program_parameter(program, COMPLETION_STATUS) == JsValue::TRUE;
        if self.tells && !gl.is_context_lost() && !self.all().iter().all(ready) {
            return Ok(false);
        }
        while let Some(program) = self.all().get(self.whole.get()) {
            if gl.get_program_parameter(program, Gl::LINK_STATUS) != JsValue::TRUE && !gl.is_context_lost() {
                return Err(gl.get_program_info_log(program).unwrap_or_default());
            }
            self.whole.set(self.whole.get() + 1);
            if !clock::is_manual() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Kit {
    fn new(gl: &Gl, programs: &Programs, software: bool) -> Result<Self, String> {
        gl.enable(Gl::BLEND);
        gl.blend_func(Gl::ONE, Gl::ONE_MINUS_SRC_ALPHA);
        let frame = gl.create_buffer().ok_or("no buffer")?;
        gl.bind_buffer(Gl::UNIFORM_BUFFER, Some(&frame));
        gl.buffer_data_with_i32(Gl::UNIFORM_BUFFER, FRAME_BYTES, Gl::DYNAMIC_DRAW);
        gl.bind_buffer_base(Gl::UNIFORM_BUFFER, 0, Some(&frame));

        let shapes = buffer(gl, SHAPES_BYTES)?;
        let marks = Pass::new(gl, &programs.marks, &MARK_LAYOUT, [MARK_BYTES, 0], 1)?;
        teach_runes(gl, &programs.marks);
        teach_five(gl, &programs.circles);
        let links = Pass::new(gl, &programs.links, &LINK_LAYOUT, [LINK_BYTES, MARKS_MAX * MARK_BYTES], 1)?;

        let capacity = if software { SOFTWARE_CAPACITY } else { CAPACITY };
        let records = buffer(gl, (capacity + STARS) * RECORD_BYTES)?;
        gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, count(capacity * RECORD_BYTES), &stars());
        let particles = Pass::new(gl, &programs.particles, &PARTICLE_LAYOUT, [RECORD_BYTES, 0], 0)?;
        Ok(Self { _frame: frame, shapes, marks, links, records, particles, capacity })
    }
}

/// A buffer of so many bytes, bound.
fn buffer(gl: &Gl, bytes: usize) -> Result<WebGlBuffer, String> {
    let buffer = gl.create_buffer().ok_or("no buffer")?;
    gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&buffer));
    gl.buffer_data_with_i32(Gl::ARRAY_BUFFER, count(bytes), Gl::DYNAMIC_DRAW);
    Ok(buffer)
}

impl Pass {
    /// Reads the bound buffer: `[stride, offset]`, bytes.
    fn new(
        gl: &Gl,
        program: &WebGlProgram,
        layout: &[Attribute],
        [stride, offset]: [usize; 2],
        divisor: u32,
    ) -> Result<Self, String> {
        let program = program.clone();
        let array = gl.create_vertex_array().ok_or("no vertex array")?;
        gl.bind_vertex_array(Some(&array));
        for (location, components, kind, normalized, integer, at) in layout {
            let (at, stride) = (at + count(offset), count(stride));
            gl.enable_vertex_attrib_array(*location);
            if *integer {
                gl.vertex_attrib_i_pointer_with_i32(*location, *components, *kind, stride, at);
            } else {
                gl.vertex_attrib_pointer_with_i32(*location, *components, *kind, *normalized, stride, at);
            }
            gl.vertex_attrib_divisor(*location, divisor);
        }
        gl.bind_vertex_array(None);
        Ok(Self { program, array })
    }

    fn begin(&self, gl: &Gl) {
        gl.use_program(Some(&self.program));
        gl.bind_vertex_array(Some(&self.array));
    }
}

/// Has a program made. Whether it could be is asked later: the question would wait for the compiler.
fn program(gl: &Gl, vertex: &str, fragment: &str) -> Result<WebGlProgram, String> {
    let program = gl.create_program().ok_or("no program")?;
    for (kind, source) in [(Gl::VERTEX_SHADER, vertex), (Gl::FRAGMENT_SHADER, fragment)] {
        let shader = gl.create_shader(kind).ok_or("no shader")?;
        gl.shader_source(&shader, source);
        gl.compile_shader(&shader);
        gl.attach_shader(&program, &shader);
        gl.delete_shader(Some(&shader));
    }
    gl.link_program(&program);
    Ok(program)
}

fn renderer_name(gl: &Gl) -> Option<String> {
    gl.get_extension("WEBGL_debug_renderer_info").ok()??;
    gl.get_parameter(UNMASKED_RENDERER).ok()?.as_string()
}

fn text_of(error: &JsValue) -> String {
    error.as_string().unwrap_or_else(|| "unknown".into())
}
