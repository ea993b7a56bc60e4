//! Paints pictures: WebGL2 where there is one, Canvas2D where there is not.

pub(crate) mod canvas2d;
mod passes;
mod shaders;
mod signs2d;
mod static_buffers;
mod webgl;

use arcane_stage::particles::Particles;
use arcane_stage::picture::Picture;
use web_sys::HtmlCanvasElement;

/// Paints one frame on a plain canvas.
type Paint = Box<dyn FnMut(&Picture, &mut Particles, f32)>;

/// Which of the two paints.
pub(crate) enum Painter {
    /// Signed distance fields and stateless particles on the GPU, or on software that acts as one.
    WebGl(Box<webgl::WebGl>),
    /// The same picture with paths and fills.
    Canvas2d(Paint),
}

impl Painter {
    /// The painter that uses WebGL2; `None` if this browser has none.
    pub(crate) fn new(canvas: &HtmlCanvasElement) -> Option<Self> {
        match webgl::WebGl::new(canvas) {
            Ok(painter) => Some(Self::WebGl(Box::new(painter))),
            Err(reason) => {
                leptos::logging::warn!("WebGL2 is not available: {reason}");
                None
            }
        }
    }

    /// The painter that uses a plain canvas; `None` if this browser has none.
    pub(crate) fn plain(canvas: &HtmlCanvasElement) -> Option<Self> {
        let mut painter = canvas2d::Canvas2d::new(canvas)?;
        let paint = move |picture: &Picture, particles: &mut Particles, scale: f32| {
            painter.paint(picture, particles, scale);
        };
        Some(Self::Canvas2d(Box::new(paint)))
    }

    /// `webgl2` or `2d`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::WebGl(_) => "webgl2",
            Self::Canvas2d(_) => "2d",
        }
    }

    /// Whether it can paint; what went wrong, if it never will.
    pub(crate) fn is_ready(&mut self) -> Result<bool, String> {
        match self {
            Self::WebGl(painter) => painter.is_ready(),
            Self::Canvas2d(_) => Ok(true),
        }
    }

    /// Whether a CPU does the GPU's work: then fewer pixels and fewer frames.
    pub(crate) fn is_software(&self) -> bool {
        match self {
            Self::WebGl(painter) => painter.is_software(),
            Self::Canvas2d(_) => true,
        }
    }

    /// Paints one frame. `scale`: pixels of the canvas for each CSS pixel.
    pub(crate) fn paint(&mut self, picture: &Picture, particles: &mut Particles, scale: f32) {
        match self {
            Self::WebGl(painter) => {
                // Programs that are made anew paint the next frame.
                if painter.change(picture.forced) {
                    particles.forget_uploads();
                } else {
                    painter.paint(picture, particles, scale);
                }
            }
            Self::Canvas2d(paint) => paint(picture, particles, scale),
        }
    }

    /// The context came back: everything has to be made again.
    pub(crate) fn restore(&mut self, particles: &mut Particles) -> Result<(), String> {
        particles.forget_uploads();
        match self {
            Self::WebGl(painter) => painter.restore(),
            Self::Canvas2d(_) => Ok(()),
        }
    }
}
