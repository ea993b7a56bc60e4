//! The WebGL2 painter: one draw for curves, one for marks, one for stars, one for particles.
//!
//! Particles are points: one vertex each instead of four, and those that are alive are one stretch of the ring.

use std::cell::Cell;

use arcane_stage::forced::Forced;
use arcane_stage::palette;
use arcane_stage::particles::{CAPACITY, Particles, RECORD_BYTES, SOFTWARE_CAPACITY};
use arcane_stage::picture::{LINKS_MAX, MARKS_MAX, Picture, SHAPES_SIZE, WIDE_MAX};
use arcane_stage::runes::FUTHARK;
use js_sys::Uint32Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    HtmlCanvasElement, WebGl2RenderingContext as Gl, WebGlBuffer, WebGlContextAttributes, WebGlProgram,
    WebGlTexture,
};

use super::passes::Pass;
use super::shaders;
use super::static_buffers::{STARS, count, stars, teach_five, teach_runes};
use crate::clock;

/// Pieces of a ribbon, where many are needed and where few; the second where a CPU paints: each triangle costs as much there as
/// its pixels.
const RIBBON_PIECES: [[usize; 2]; 2] = [[64, 24], [28, 10]];
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
    words: Vec<u32>,
    /// What the context was told last: it is told again only when it changes.
    told: Told,
    /// What the programs are made for.
    forced: Option<Forced>,
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
    /// Marks, and links behind them; bound for good.
    _shapes: WebGlTexture,
    marks: Pass,
    links: Pass,
    /// The ring, and the stars behind it.
    records: WebGlBuffer,
    particles: Pass,
    capacity: usize,
}

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
        let programs = Programs::new(&gl, None)?;
        Ok(Self {
            gl,
            programs,
            kit: None,
            software: false,
            bytes: Vec::new(),
            words: Vec::new(),
            told: Told::default(),
            forced: None,
        })
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
        self.programs = Programs::new(&self.gl, self.forced)?;
        self.kit = None;
        self.told = Told::default();
        Ok(())
    }

    /// Has the programs made for the system's colours, or for the page's own; says whether they were made for others.
    pub(crate) fn change(&mut self, forced: Option<Forced>) -> bool {
        let changes = self.forced != forced;
        if changes {
            self.forced = forced;
            let _ = self.restore();
        }
        changes
    }

    /// At most twenty calls a frame, whatever happens in it.
    pub(crate) fn paint(&mut self, picture: &Picture, particles: &mut Particles, scale: f32) {
        self.begin(picture, scale);
        let Some(kit) = &self.kit else { return };
        let [many, few] = self.ribbon_pieces();
        let (gl, bytes) = (&self.gl, &mut self.bytes);

        picture.encode_shapes(&mut self.words);
        teach_shapes(gl, &self.words);
        let draw = |first: usize, quads: usize| {
            if quads > 0 {
                gl.draw_elements_with_i32(
                    Gl::TRIANGLES,
                    count(6 * quads),
                    Gl::UNSIGNED_SHORT,
                    count(12 * first),
                );
            }
        };
        kit.links.begin(gl);
        let [wide, narrow] = picture.ribbon_counts();
        draw((WIDE_MAX - wide) * many, wide * many + narrow * few);
        // Both programs get all marks, and each leaves out those of the other. Signs lie over the circles that they belong to.
        let marks = picture.mark_count();
        gl.bind_vertex_array(Some(&kit.marks.array));
        gl.use_program(Some(&self.programs.circles));
        draw(0, marks);
        gl.use_program(Some(&kit.marks.program));
        draw(0, marks);

        gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&kit.records));
        for fresh in particles.take_fresh() {
            if !fresh.is_empty() {
                let offset = count(fresh.start * RECORD_BYTES);
                particles.encode(fresh, bytes);
                gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, offset, bytes);
            }
        }
        if self.forced.is_some() {
            return;
        }
        kit.particles.begin(gl);
        gl.draw_arrays(Gl::POINTS, count(kit.capacity), count(STARS));
        for living in particles.living() {
            if !living.is_empty() {
                gl.draw_arrays(Gl::POINTS, count(living.start), count(living.len()));
            }
        }
    }

    fn ribbon_pieces(&self) -> [usize; 2] {
        RIBBON_PIECES[usize::from(self.software)]
    }

    /// An empty canvas, and what all shaders read.
    fn begin(&mut self, picture: &Picture, scale: f32) {
        #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
        let [many, few] = self.ribbon_pieces().map(|pieces| pieces as f32);
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
            [picture.particle_time, picture.particle_glow, many, few],
        ];
        for float in block.as_flattened() {
            bytes.extend_from_slice(&float.to_le_bytes());
        }
        gl.buffer_sub_data_with_i32_and_u8_array(Gl::UNIFORM_BUFFER, 0, bytes);
    }
}

impl Programs {
    fn new(gl: &Gl, forced: Option<Forced>) -> Result<Self, String> {
        let strokes: usize = FUTHARK.iter().map(|rune| rune.len()).sum();
        let [r, g, b] = forced.map_or(palette::BACKGROUND, |colors| colors.ground).0;
        let ground = format!("(vec3({r}, {g}, {b}) / 255.0)");
        let inked = |text: &str| text.replace("FORCED", if forced.is_some() { "true" } else { "false" });
        let fragment = inked(shaders::marks::MARK_FRAGMENT)
            .replace("STROKES", &strokes.to_string())
            .replace("GROUND", &ground);
        let vertex = |whole: &str| shaders::marks::MARK_VERTEX.replace("WHOLE", whole);
        Ok(Self {
            marks: program(gl, &vertex("false"), &fragment)?,
            circles: program(gl, &vertex("true"), &inked(shaders::marks::CIRCLE_FRAGMENT))?,
            links: program(gl, shaders::links::LINK_VERTEX, &inked(shaders::links::LINK_FRAGMENT))?,
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

        let shapes = gl.create_texture().ok_or("no texture")?;
        gl.bind_texture(Gl::TEXTURE_2D, Some(&shapes));
        let [width, height] = SHAPES_SIZE.map(count);
        gl.tex_storage_2d(Gl::TEXTURE_2D, 1, Gl::RGBA32UI, width, height);
        for which in [Gl::TEXTURE_MIN_FILTER, Gl::TEXTURE_MAG_FILTER] {
            // Whole numbers have no other.
            gl.tex_parameteri(Gl::TEXTURE_2D, which, count(Gl::NEAREST as usize));
        }
        let marks = Pass::of_ribbons(gl, &programs.marks, [(MARKS_MAX, 1), (0, 0)])?;
        teach_runes(gl, &programs.marks);
        teach_five(gl, &programs.circles);
        let [many, few] = RIBBON_PIECES[usize::from(software)];
        let links = Pass::of_ribbons(gl, &programs.links, [(WIDE_MAX, many), (LINKS_MAX - WIDE_MAX, few)])?;

        let capacity = if software { SOFTWARE_CAPACITY } else { CAPACITY };
        let records = buffer(gl, (capacity + STARS) * RECORD_BYTES)?;
        gl.buffer_sub_data_with_i32_and_u8_array(Gl::ARRAY_BUFFER, count(capacity * RECORD_BYTES), &stars());
        let particles = Pass::of_points(gl, &programs.particles)?;
        Ok(Self { _frame: frame, _shapes: shapes, marks, links, records, particles, capacity })
    }
}

/// Puts what is drawn into the bound texture.
fn teach_shapes(gl: &Gl, words: &[u32]) {
    let [width, height] = SHAPES_SIZE.map(count);
    // The texture is as large as the words are many: nothing else can be wrong with it.
    let _ = gl.tex_sub_image_2d_with_i32_and_i32_and_u32_and_type_and_opt_array_buffer_view(
        Gl::TEXTURE_2D,
        0,
        0,
        0,
        width,
        height,
        Gl::RGBA_INTEGER,
        Gl::UNSIGNED_INT,
        Some(&Uint32Array::from(words)),
    );
}

/// A buffer of so many bytes, bound.
fn buffer(gl: &Gl, bytes: usize) -> Result<WebGlBuffer, String> {
    let buffer = gl.create_buffer().ok_or("no buffer")?;
    gl.bind_buffer(Gl::ARRAY_BUFFER, Some(&buffer));
    gl.buffer_data_with_i32(Gl::ARRAY_BUFFER, count(bytes), Gl::DYNAMIC_DRAW);
    Ok(buffer)
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
