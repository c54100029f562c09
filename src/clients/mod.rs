//! One folder a client: file contents in, facts out; facts in, file contents out.
