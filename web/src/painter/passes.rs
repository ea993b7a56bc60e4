//! Passes of the WebGL2 painter: where the vertices of each program come from.

use arcane_stage::particles::RECORD_BYTES;
use web_sys::{WebGl2RenderingContext as Gl, WebGlProgram, WebGlVertexArrayObject};

use super::static_buffers::count;

/// A program, and how it numbers or reads its vertices.
pub(super) struct Pass {
    pub(super) program: WebGlProgram,
    pub(super) array: WebGlVertexArrayObject,
}

/// One attribute: location, components, type, normalised, integer, offset.
type Attribute = (u32, i32, u32, bool, bool, i32);

const PARTICLE_LAYOUT: [Attribute; 6] = [
    (0, 4, Gl::SHORT, true, false, 0),
    (1, 2, Gl::SHORT, true, false, 8),
    (2, 2, Gl::FLOAT, false, false, 12),
    (3, 4, Gl::UNSIGNED_BYTE, true, false, 20),
    (4, 1, Gl::FLOAT, false, false, 24),
    (5, 1, Gl::UNSIGNED_INT, false, true, 28),
];

impl Pass {
    /// Reads particles from the bound buffer.
    pub(super) fn of_points(gl: &Gl, program: &WebGlProgram) -> Result<Self, String> {
        let array = gl.create_vertex_array().ok_or("no vertex array")?;
        gl.bind_vertex_array(Some(&array));
        let stride = count(RECORD_BYTES);
        for (location, components, kind, normalized, integer, at) in &PARTICLE_LAYOUT {
            gl.enable_vertex_attrib_array(*location);
            if *integer {
                gl.vertex_attrib_i_pointer_with_i32(*location, *components, *kind, stride, *at);
            } else {
                gl.vertex_attrib_pointer_with_i32(*location, *components, *kind, *normalized, stride, *at);
            }
        }
        gl.bind_vertex_array(None);
        Ok(Self { program: program.clone(), array })
    }

    /// Numbers the vertices of so many ribbons of so many pieces each, and reads nothing: the shader fetches what it needs by
    /// the number. One draw of many triangles: what paints in software takes each instance of a draw for a draw of its own.
    pub(super) fn of_ribbons(
        gl: &Gl,
        program: &WebGlProgram,
        ribbons: [(usize, usize); 2],
    ) -> Result<Self, String> {
        let array = gl.create_vertex_array().ok_or("no vertex array")?;
        gl.bind_vertex_array(Some(&array));
        let indices = gl.create_buffer().ok_or("no buffer")?;
        gl.bind_buffer(Gl::ELEMENT_ARRAY_BUFFER, Some(&indices));
        let mut numbers: Vec<u8> = Vec::new();
        let mut first: u16 = 0;
        for pieces in ribbons.into_iter().flat_map(|(ribbons, pieces)| std::iter::repeat_n(pieces, ribbons)) {
            for _ in 0..pieces {
                for corner in [0, 1, 2, 2, 1, 3] {
                    numbers.extend_from_slice(&(first + corner).to_le_bytes());
                }
                first += 2;
            }
            first += 2;
        }
        gl.buffer_data_with_u8_array(Gl::ELEMENT_ARRAY_BUFFER, &numbers, Gl::STATIC_DRAW);
        gl.bind_vertex_array(None);
        Ok(Self { program: program.clone(), array })
    }

    /// What is drawn next is drawn by it.
    pub(super) fn begin(&self, gl: &Gl) {
        gl.use_program(Some(&self.program));
        gl.bind_vertex_array(Some(&self.array));
    }
}
