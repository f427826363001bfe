//! A site whose library never loads for a person who rejects all.

use crate::diagnostic::{Code, Diagnostic};
use crate::lint::Subject;
use crate::table::Table;
use crate::visit::{Site, is_never_loaded_by_rejecting};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let policy = subject.policy;
    let (Some(model), Ok(site)) = (policy.consent_model(), Site::of(policy)) else { return };
    if is_never_loaded_by_rejecting(&Table::new(policy.clone()), site) {
        found.push(
            Diagnostic::new(Code::NeverLoads, "the library never loads for a person who rejects all")
                .at(model.span, "nothing is sent then, not even to unmapped destinations, and every event is lost")
                .help("map what the site cannot do without to a category that is granted `always`; with `visit loads when gate open` an enabled unmapped destination is enough"),
        );
    }
}
