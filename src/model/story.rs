//! An error of a library told in one line: what it says and what is below it, nothing twice.

use std::error::Error;

/// The error's sentence and those of its causes.
pub fn whole_story(error: &(dyn Error + 'static)) -> String {
    joined(std::iter::successors(Some(error), |error| (**error).source()))
}

/// The causes alone, for an error whose own sentence may hold a secret: reqwest's has the URL.
pub fn causes(error: &(dyn Error + 'static)) -> Option<String> {
    let told = joined(std::iter::successors(error.source(), |error| (**error).source()));
    (!told.is_empty()).then_some(told)
}

fn joined<'a>(errors: impl Iterator<Item = &'a (dyn Error + 'static)>) -> String {
    let mut story = String::new();
    for sentence in errors.map(ToString::to_string) {
        if story.contains(&sentence) {
            continue;
        }
        if !story.is_empty() {
            story.push_str(": ");
        }
        story.push_str(&sentence);
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{said}")]
    struct Said {
        said: &'static str,
        source: Option<Box<Said>>,
    }

    #[test]
    fn a_story_repeats_no_sentence_and_causes_leave_the_first_one_out() {
        let deepest = Said { said: "refused", source: None };
        let middle = Said { said: "connect: refused", source: Some(Box::new(deepest)) };
        let error = Said { said: "asking http://secret/", source: Some(Box::new(middle)) };
        assert_eq!(whole_story(&error), "asking http://secret/: connect: refused");
        assert_eq!(causes(&error).as_deref(), Some("connect: refused"));
        assert_eq!(causes(&Said { said: "alone", source: None }), None);
    }
}
