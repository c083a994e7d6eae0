//! What is wrong with a file, and how it is shown.

use crate::message::{Message, say};
use crate::text::{show, visible};
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but perhaps does not say what was meant.
    Warning,
}

/// One thing wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: Message,
    /// Words under the text at fault.
    pub label: Option<Message>,
    /// The text at fault, in bytes of the source.
    pub span: Range<usize>,
    /// Other places that have to do with it, and why.
    pub related: Vec<(Range<usize>, Message)>,
    /// What to write instead.
    pub help: Option<Message>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(span: Range<usize>, message: impl Into<Message>) -> Self {
        Self { severity: Severity::Error, message: message.into(), label: None, span, related: Vec::new(), help: None }
    }

    /// A warning at `span`.
    pub fn warning(span: Range<usize>, message: impl Into<Message>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(span, message) }
    }

    /// With words under the text at fault.
    #[must_use]
    pub fn label(mut self, label: impl Into<Message>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With advice. An empty text is none.
    #[must_use]
    pub fn help(mut self, help: impl Into<Message>) -> Self {
        self.help = Some(help.into()).filter(|help: &Message| !help.is_empty());
        self
    }

    /// With another place that has to do with it.
    #[must_use]
    pub fn related(mut self, span: Range<usize>, label: impl Into<Message>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

/// All diagnostics as text for people: message, file, line and column, the text underlined, advice.
///
/// `origin` is the name of the file. With `color` the text holds ANSI escape sequences; they never come from the source.
pub fn render(diagnostics: &[Diagnostic], source: &str, origin: &str, color: bool) -> String {
    render_in(diagnostics, source, origin, color, &|message| message.to_string())
}

/// [`render`] in another language: `told` says every message in it.
pub fn render_in(
    diagnostics: &[Diagnostic],
    source: &str,
    origin: &str,
    color: bool,
    told: &dyn Fn(&Message) -> String,
) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let origin = visible(origin);
    let parts: Vec<String> =
        diagnostics.iter().map(|diagnostic| one(diagnostic, source, &origin, &renderer, told)).collect();
    let mut text = parts.join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn one(
    diagnostic: &Diagnostic,
    source: &str,
    origin: &str,
    renderer: &Renderer,
    told: &dyn Fn(&Message) -> String,
) -> String {
    let shown = |message: &Message| visible(&told(message));
    let (level, title) = match diagnostic.severity {
        Severity::Error => (Level::ERROR, say!("error")),
        Severity::Warning => (Level::WARNING, say!("warning")),
    };
    let level = level.with_name(shown(&title.into()));
    // Only the lines at issue go to the renderer: a large file with many mistakes would take it long.
    let spans = || diagnostic.related.iter().map(|(span, _)| span).chain([&diagnostic.span]);
    let first = floor(source, spans().map(|span| span.start).min().unwrap_or(0));
    let last = floor(source, spans().map(|span| span.end).max().unwrap_or(0)).max(first);
    let from = source[..first].rfind('\n').map_or(0, |at| at + 1);
    let to = source[last..].find('\n').map_or(source.len(), |at| last + at);
    let to = from + source[from..to].trim_end_matches('\r').len();
    let lines = Shown::new(&source[from..to]);
    let inside = |span: &Range<usize>| {
        let start = floor(source, span.start).clamp(from, to);
        let end = floor(source, span.end).clamp(start, to);
        lines.place(start - from)..lines.place(end - from)
    };

    let mut primary = AnnotationKind::Primary.span(inside(&diagnostic.span));
    if let Some(label) = &diagnostic.label {
        primary = primary.label(shown(label));
    }
    let others =
        diagnostic.related.iter().map(|(span, label)| AnnotationKind::Context.span(inside(span)).label(shown(label)));
    let snippet = Snippet::source(lines.text.as_str())
        .line_start(source[..from].matches('\n').count() + 1)
        .path(origin)
        .annotation(primary)
        .annotations(others);
    let mut group = level.primary_title(shown(&diagnostic.message)).element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.with_name(shown(&say!("help").into())).message(shown(help)));
    }
    let text = renderer.render(&[group]);
    // The renderer counts the columns that it sees; an editor goes to those of the file.
    let at = floor(source, diagnostic.span.start).clamp(from, to);
    let line_start = source[from..at].rfind('\n').map_or(from, |end| from + end + 1);
    let column = source[line_start..at].chars().count() + 1;
    let place = lines.place(at - from);
    let line_start = lines.text[..place].rfind('\n').map_or(0, |end| end + 1);
    let seen = lines.text[line_start..place].chars().count() + 1;
    let line = source[..at].matches('\n').count() + 1;
    text.replacen(&format!("{origin}:{line}:{seen}\n"), &format!("{origin}:{line}:{column}\n"), 1)
}

/// Lines of the source as they are shown, and where their bytes are there.
struct Shown {
    text: String,
    /// For each character that is shown as another text: its end in the source, and in the text.
    moved: Vec<(usize, usize)>,
}

impl Shown {
    fn new(source: &str) -> Self {
        let (mut text, mut moved) = (String::with_capacity(source.len()), Vec::new());
        let mut rest = source.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let ends_line = c == '\r' && rest.peek().is_some_and(|(_, next)| *next == '\n');
            // The renderer knows lines, and draws tabs as blanks.
            if ends_line || matches!(c, '\n' | '\t') {
                text.push(c);
                continue;
            }
            let before = text.len();
            show(c, &mut text);
            if text.len() - before != c.len_utf8() {
                moved.push((at + c.len_utf8(), text.len()));
            }
        }
        Self { text, moved }
    }

    /// Where byte `at` of the source, a character's beginning or the end, is shown.
    fn place(&self, at: usize) -> usize {
        match self.moved.partition_point(|(end, _)| *end <= at).checked_sub(1).map(|last| self.moved[last]) {
            Some((end, shown)) => shown + (at - end),
            None => at,
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor(source: &str, at: usize) -> usize {
    (0..=at.min(source.len())).rev().find(|&at| source.is_char_boundary(at)).unwrap_or(0)
}
