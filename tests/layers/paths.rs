//! Finds the paths (`a::b::c`) that a Rust source names, outside of comments and literals.
//!
//! It reads tokens, not types: a path through a renamed import or made by a macro goes unseen.

/// A path as written in a source, imports spelled out.
pub struct UsedPath {
    segments: Vec<String>,
    /// From 1.
    pub line: usize,
    /// The module it is written in, inline modules included.
    pub module: Vec<String>,
}

impl UsedPath {
    /// The path from the root of this crate; `None` when it leads elsewhere.
    pub fn inside_crate(&self) -> Option<Vec<String>> {
        let supers = self.segments.iter().take_while(|segment| *segment == "super").count();
        let (base, rest) = match self.segments.first()?.as_str() {
            "crate" | "coughscope" => (&[][..], 1),
            "self" => (&self.module[..], 1),
            "super" => (&self.module[..self.module.len().saturating_sub(supers)], supers),
            _ => return None,
        };
        Some(base.iter().chain(&self.segments[rest..]).cloned().collect())
    }

    /// Whether the `::`-joined segments of `name` stand somewhere in the path.
    pub fn contains(&self, name: &str) -> bool {
        let name: Vec<&str> = name.split("::").collect();
        self.segments.windows(name.len()).any(|window| window == name)
    }
}

/// Every path of two segments or more, and every imported one, of a source that defines `module`.
pub fn paths_in(source: &str, module: Vec<String>) -> Vec<UsedPath> {
    let code = blank_literals(source);
    let mut reader = Reader { tokens: tokens(&code), next: 0, module, inline: Vec::new(), found: Vec::new() };
    reader.read_all();
    reader.found
}

/// Walks over the tokens of one file and collects paths.
struct Reader<'a> {
    tokens: Vec<(usize, &'a str)>,
    next: usize,
    module: Vec<String>,
    /// Brace depth, relative to its own opening brace, of every `mod name {` that is open.
    inline: Vec<usize>,
    found: Vec<UsedPath>,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.next + ahead).map_or("", |token| token.1)
    }

    fn read_all(&mut self) {
        while self.next < self.tokens.len() {
            match self.peek(0) {
                "use" => {
                    self.next += 1;
                    self.use_tree(Vec::new());
                }
                "mod" if self.peek(2) == "{" => {
                    self.module.push(self.peek(1).to_owned());
                    self.inline.push(0);
                    self.next += 3;
                }
                "{" => self.brace(1),
                "}" => self.brace(-1),
                token if is_name(token) => self.plain_path(),
                _ => self.next += 1,
            }
        }
    }

    fn brace(&mut self, change: isize) {
        self.next += 1;
        if let Some(depth) = self.inline.last_mut() {
            match depth.checked_add_signed(change) {
                Some(changed) => *depth = changed,
                None => {
                    self.inline.pop();
                    self.module.pop();
                }
            }
        }
    }

    /// `a::b::c` outside of an import.
    fn plain_path(&mut self) {
        let line = self.tokens[self.next].0;
        let mut segments = vec![self.peek(0).to_owned()];
        self.next += 1;
        while self.peek(0) == "::" && is_name(self.peek(1)) {
            segments.push(self.peek(1).to_owned());
            self.next += 2;
        }
        if segments.len() > 1 {
            self.record(segments, line);
        }
    }

    /// The rest of an import below `path`: `b::{c, d::*, self}`.
    fn use_tree(&mut self, mut path: Vec<String>) {
        let line = self.tokens.get(self.next).map_or(0, |token| token.0);
        loop {
            match self.peek(0) {
                "::" => self.next += 1,
                "{" => {
                    self.next += 1;
                    while !matches!(self.peek(0), "}" | "") {
                        self.use_tree(path.clone());
                        self.next += usize::from(self.peek(0) == ",");
                    }
                    self.next += 1;
                    return;
                }
                "as" => self.next += 2,
                token if token == "*" || is_name(token) => {
                    path.push(token.to_owned());
                    self.next += 1;
                }
                token => {
                    // Ends at `,`, `}` or `;`. Anything else was no import (`use<'a>`): step over it.
                    self.next += usize::from(!matches!(token, "," | "}" | ";"));
                    self.record(path, line);
                    return;
                }
            }
        }
    }

    fn record(&mut self, mut segments: Vec<String>, line: usize) {
        // `use a::{self}` names `a`.
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        self.found.push(UsedPath { segments, line, module: self.module.clone() });
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::` and single characters, each with its line (from 1).
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                word => word,
            };
            found.push((index + 1, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// The source with comments, strings and character literals cut out; lines keep their numbers.
fn blank_literals(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = literal_len(rest);
        if length == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..length].chars().filter(|c| *c == '\n'));
            rest = &rest[length..];
        }
    }
    code
}

/// Length in bytes of the comment or literal that `rest` begins with, 0 if it begins with none.
fn literal_len(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_len(rest);
    }
    if let Some(body) = rest.strip_prefix('\'') {
        let mut chars = body.chars();
        let escaped = chars.next() == Some('\\');
        // Otherwise a lifetime, whose second character is no quote.
        return if escaped || chars.next() == Some('\'') { 1 + quoted_len(body, '\'') } else { 0 };
    }
    string_len(rest)
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let (change, step) = match rest.as_bytes().get(at..at + 2) {
            Some(b"/*") => (1, 2),
            Some(b"*/") => (-1, 2),
            _ => (0, 1),
        };
        depth = depth.saturating_add_signed(change);
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Length of `"..."` with any of its prefixes, raw or not.
fn string_len(rest: &str) -> usize {
    let body = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(text) = raw[hashes..].strip_prefix('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let before = rest.len() - text.len();
            return text.find(&end).map_or(rest.len(), |at| before + at + end.len());
        }
        return 0;
    }
    body.strip_prefix('"').map_or(0, |text| rest.len() - text.len() + quoted_len(text, '"'))
}

/// Bytes up to and with the closing `quote`, backslash escapes skipped.
fn quoted_len(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}
