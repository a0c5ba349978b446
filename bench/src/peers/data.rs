//! One policy and one list of questions for every side, generated from a fixed seed.
//!
//! Not every peer knows an order of rules, so the rules are such that their order does not matter: a denial
//! overrides an allowance. A film is closed to roles that a rule excludes from it. A label restricts its films: it is
//! closed to users none of whose roles is allowed it, and to users one of whose roles is denied it. A user may read a
//! film that is not closed to them, and none of whose labels is.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::seq::index;
use rand::{Rng, SeedableRng};

pub(crate) const USERS: usize = 10_000;
pub(crate) const FILMS: usize = 10_000;
/// `member`, which all users have, and others, of which they have up to two.
pub(crate) const ROLES: usize = 50;
/// auth-server takes 2,000, with those of the shipped rules.
const MAX_LABELS: usize = 1_900;
/// Films in a question of many.
pub(crate) const BATCH: usize = 100;
/// Questions about many films, and for filters.
const SAMPLE: usize = 200;

/// The rules of one role, as numbers of labels and films.
#[derive(Default)]
pub(crate) struct RoleRules {
    pub(crate) allowed: BTreeSet<usize>,
    pub(crate) denied: BTreeSet<usize>,
    /// Films that the role is excluded from.
    pub(crate) excluded: BTreeSet<usize>,
}

/// May this user read these films?
pub(crate) struct Question {
    pub(crate) user: usize,
    pub(crate) films: Vec<usize>,
}

impl Question {
    /// The film of a question about one.
    pub(crate) fn film(&self) -> usize {
        self.films.first().copied().unwrap_or_default()
    }
}

pub(crate) struct Data {
    /// Labels, each of which is restricted by one rule.
    pub(crate) labels: usize,
    pub(crate) roles: Vec<RoleRules>,
    /// The roles of each user.
    pub(crate) users: Vec<Vec<usize>>,
    /// The labels of each film.
    pub(crate) films: Vec<[usize; 2]>,
    /// One film for each user.
    pub(crate) single: Vec<Question>,
    /// Many films at a time.
    pub(crate) batches: Vec<Question>,
    /// For filters, and films to compare them on.
    pub(crate) lists: Vec<Question>,
}

impl Data {
    /// With this number of rules, at least 10.
    pub(crate) fn generate(size: usize) -> Self {
        let mut random = StdRng::seed_from_u64(1);
        let labels = (size / 10).clamp(3, MAX_LABELS);
        let roles = generate_roles(size, labels, &mut random);
        let users = (0..USERS).map(|_| generate_user(&mut random)).collect();
        let mut any = || random.random_range(0..labels);
        let films = (0..FILMS).map(|_| [any(), any()]).collect();
        Self {
            labels,
            roles,
            users,
            films,
            single: generate_questions(USERS, 1, &mut random),
            batches: generate_questions(SAMPLE, BATCH, &mut random),
            lists: generate_questions(SAMPLE, BATCH, &mut random),
        }
    }

    /// The right answer for each film of the question.
    pub(crate) fn answers(&self, question: &Question) -> Vec<bool> {
        question.films.iter().map(|&film| self.may_read(question.user, film)).collect()
    }

    /// Percentage of questions about one film whose answer is yes.
    pub(crate) fn percent_allowed(&self) -> usize {
        let allowed = self.single.iter().filter(|question| self.answers(question) == [true]);
        allowed.count() * 100 / self.single.len()
    }

    fn may_read(&self, user: usize, film: usize) -> bool {
        let any = |of: &dyn Fn(&RoleRules) -> bool| self.rules_of(user).any(of);
        !any(&|role| role.excluded.contains(&film))
            && self.labels_of(film).iter().all(|label| {
                any(&|role| role.allowed.contains(label))
                    && !any(&|role| role.denied.contains(label))
            })
    }

    pub(crate) fn roles_of(&self, user: usize) -> impl Iterator<Item = String> {
        self.users.get(user).into_iter().flatten().copied().map(role_name)
    }

    pub(crate) fn labels_of(&self, film: usize) -> &[usize] {
        self.films.get(film).map_or(&[], |labels| labels)
    }

    pub(crate) fn label_names_of(&self, film: usize) -> Vec<String> {
        self.labels_of(film).iter().copied().map(label_name).collect()
    }

    fn rules_of(&self, user: usize) -> impl Iterator<Item = &RoleRules> {
        self.users.get(user).into_iter().flatten().filter_map(|&role| self.roles.get(role))
    }
}

/// `member` is allowed two labels of three. The other rules are those of random roles: about each label up to ten, of which
/// one in five denies it, and the rest excludes roles from films.
fn generate_roles(size: usize, labels: usize, random: &mut StdRng) -> Vec<RoleRules> {
    let mut roles: Vec<RoleRules> = (0..ROLES).map(|_| RoleRules::default()).collect();
    let Some((member, others)) = roles.split_first_mut() else { return roles };
    member.allowed = (0..labels).filter(|label| label % 3 != 0).collect();
    // Each label is restricted by a rule.
    let mut count = labels + member.allowed.len();
    let about_labels = (size * 17 / 20).min(labels * 10);
    while count < size {
        let Some(role) = others.get_mut(random.random_range(0..ROLES - 1)) else { continue };
        let is_new = if count >= about_labels {
            role.excluded.insert(random.random_range(0..FILMS))
        } else if random.random_bool(0.2) {
            role.denied.insert(random.random_range(0..labels))
        } else {
            role.allowed.insert(random.random_range(0..labels))
        };
        count += usize::from(is_new);
    }
    roles
}

/// Questions of different users, each about this many different films.
fn generate_questions(count: usize, films: usize, random: &mut StdRng) -> Vec<Question> {
    let users = index::sample(random, USERS, count);
    let question = |user| Question { user, films: index::sample(random, FILMS, films).into_vec() };
    users.into_iter().map(question).collect()
}

fn generate_user(random: &mut StdRng) -> Vec<usize> {
    let count = random.random_range(0..=2);
    let others = index::sample(random, ROLES - 1, count);
    std::iter::once(0).chain(others.into_iter().map(|other| other + 1)).collect()
}

pub(crate) fn user_name(user: usize) -> String {
    format!("user{user}")
}

pub(crate) fn role_name(role: usize) -> String {
    if role == 0 { "member".to_owned() } else { format!("role{role}") }
}

pub(crate) fn label_name(label: usize) -> String {
    format!("label{label}")
}

pub(crate) fn film_name(film: usize) -> String {
    format!("film{film}")
}
