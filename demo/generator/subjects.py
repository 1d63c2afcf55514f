"""
What people ask in the two communities and what they are told.

`{course}`, `{module}`, `{number}` and `{day}` are filled in when a question is asked and stay the
same in its answers, so that a thread reads as one conversation.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    """A question, its title, and answers that fit it."""

    topic: str
    title: str
    question: str
    answers: tuple[str, ...]


STUDENT_SUBJECTS = (
    Subject(
        "enrolment",
        "Can I start {course} a week late?",
        "I am away until {day} and {course} has already begun by then. Can I still join this group or do I wait?",
        (
            "You can join up to two weeks in. Watch the recordings of week one first, it is about {number} hours.",
            "I joined {course} ten days late last year. The tutor sent me the slides and nobody minded.",
            "Late start is fine as long as the first assignment is in on time. Tell the office which day you begin.",
        ),
    ),
    Subject(
        "enrolment",
        "Which comes first, {course} or the introduction?",
        "The page says the introduction is recommended before {course}, but not required. Is it worth the time?",
        (
            "If you have worked in the field, skip it. If {module} means nothing to you yet, take it.",
            "Worth it. It takes {number} evenings and the first module assumes all of it.",
        ),
    ),
    Subject(
        "enrolment",
        "Enrolled twice by mistake",
        "I pressed the button for {course} twice and now I see two places in my account. How do I cancel one?",
        (
            "Happened to me. Ring the office with both order numbers, the second is cancelled the same day.",
            "Leave the second one unpaid, it disappears after three days by itself.",
        ),
    ),
    Subject(
        "fees",
        "Can {course} be paid in instalments?",
        "Is there a way to pay {course} over {number} months? The full price is a lot before Christmas.",
        (
            "Yes, choose 'pay monthly' on the last page of the order. There is no interest.",
            "You can split it, but the certificate is only posted once the last part is paid.",
            "My employer paid the second half directly. Ask the office for an invoice in two parts.",
        ),
    ),
    Subject(
        "fees",
        "Invoice to my employer",
        "My company wants an invoice with its own name on it for {course}. The receipt only shows mine.",
        (
            "Under Account, Billing you can add the company. Download the receipt again afterwards.",
            "Send the office the company's VAT number and they reissue it, took {number} days for me.",
        ),
    ),
    Subject(
        "fees",
        "Do I get money back if I stop?",
        "If {course} turns out not to be for me, what is refunded and until when?",
        (
            "Everything in the first fourteen days, after that the modules you have not opened.",
            "I stopped after {module} and got back the rest within {number} days. They were kind about it.",
        ),
    ),
    Subject(
        "deadlines",
        "Extension for the {module} assignment",
        "My child has been ill all week and I will not make {day}. How do I ask for more time on {module}?",
        (
            "Use the extension form before the deadline passes, not after. A week is given without questions.",
            "Write to your tutor and name the day you can manage. I got until the Sunday after.",
            "There is a form under Assessment. Say how many days you need; {number} is normal.",
        ),
    ),
    Subject(
        "deadlines",
        "Is the deadline midnight or noon?",
        "The calendar says {day} for {module} but gives no hour. When does the upload close?",
        (
            "Midnight, Irish time. The upload slows down after eleven, so do not wait for it.",
            "23:59. I uploaded at five past once and it was marked late.",
        ),
    ),
    Subject(
        "assignments",
        "How long should the {module} report be?",
        "The brief for {module} says 'about {number} pages' and also 1,500 words. These are not the same for me.",
        (
            "Go by the words. Tables and the reference list do not count.",
            "My tutor said ten per cent either way is fine. Nobody counts pages.",
            "Mine had 1,640 words and passed, the comments were about the structure only.",
        ),
    ),
    Subject(
        "assignments",
        "Stuck on {module}",
        "I have read the unit on {module} twice and still cannot see how the example gets to its result. "
        "What am I missing?",
        (
            "The example leaves out a step. Write down what you know first, then do it for one item only.",
            "Look at the second video on {module}, minute {number}: there it is done slowly.",
            "I drew it on paper as two columns and then it made sense. Start with the smaller figure.",
            "It helps to do the exercise at the end of the unit backwards, from the answer to the question.",
        ),
    ),
    Subject(
        "assignments",
        "Which reference style?",
        "Does {course} want Harvard or footnotes? My last course was strict about it.",
        (
            "Harvard in all courses here. The library page has a sheet with {number} examples.",
            "Harvard, but they only mark you down if you mix two styles.",
        ),
    ),
    Subject(
        "assignments",
        "My mark for {module} is missing",
        "Everyone in my group has their mark for {module}, mine still says 'submitted'. Should I worry?",
        (
            "Marks come in batches by surname, the last ones took {number} days longer for us.",
            "If it is past the two weeks, ring them. In my case the file had not opened.",
        ),
    ),
    Subject(
        "certificates",
        "When does the certificate arrive?",
        "I finished {course} on {day}. How long until the certificate comes, and is it on paper?",
        (
            "The PDF is in your account the next working day, the paper one takes about {number} weeks.",
            "You have to confirm your postal address under Account first. I waited a month before I noticed.",
            "PDF straight away, paper on request, free for the first copy.",
        ),
    ),
    Subject(
        "certificates",
        "Wrong name on my certificate",
        "My certificate for {course} has my maiden name on it. Can it be issued again?",
        (
            "Yes. Send a photo of an ID to the office, the new one costs nothing the first time.",
            "Change the name in your account before you ask, otherwise it prints the same again.",
        ),
    ),
    Subject(
        "certificates",
        "Is {course} recognised abroad?",
        "I am moving next year. Will an employer outside Ireland accept the certificate for {course}?",
        (
            "It is on the national framework, level 5, and that can be compared in the whole EU.",
            "Mine was accepted in Copenhagen with the English supplement. Ask for it, it is {number} pages.",
        ),
    ),
    Subject(
        "exams",
        "What is allowed in the {course} exam?",
        "Are notes or a calculator allowed in the exam for {course}? The rules page is from two years ago.",
        (
            "A simple calculator and one sheet of your own notes, both sides.",
            "No notes, but the formulas for {module} are printed on the paper.",
        ),
    ),
    Subject(
        "exams",
        "Failed by {number} points, what now?",
        "I missed the pass mark in {course} by {number} points. Can I repeat only {module}?",
        (
            "You can resit one module for free within six months. Book it early, places go fast.",
            "Ask for the feedback first, it shows which questions cost you most. Then resit that part.",
            "I was in the same place last year and passed the second time. Do the mock exam twice.",
        ),
    ),
    Subject(
        "technical",
        "The {module} video stops after a minute",
        "The video for {module} freezes on my phone, sound goes on. Other videos are fine.",
        (
            "Switch the quality to 480p, then back. It sticks after that.",
            "There is a new version of the app since {day}. With it mine works.",
            "Download it on wifi first, the arrow under the picture.",
        ),
    ),
    Subject(
        "technical",
        "Cannot log in after changing my email",
        "I changed my address and now neither the old nor the new one gets me in. I have a deadline on {day}!",
        (
            "Use the old address until you have clicked the link in the confirmation mail. Check spam.",
            "Ring them, they can confirm it by hand in {number} minutes.",
        ),
    ),
    Subject(
        "technical",
        "Upload says file too large",
        "My {module} file is 48 MB because of the photos and the upload refuses it. How do you all do it?",
        (
            "Save it as PDF with 'smallest size'. Mine went from 50 MB to 4.",
            "Put the pictures in at half the width before you insert them, not afterwards.",
        ),
    ),
    Subject(
        "study habits",
        "Working full time and {course}: how many hours?",
        "Honest question to those who did {course} beside a job: how many hours a week did it take you?",
        (
            "About {number} in normal weeks and double before the assignment on {module}.",
            "I got up an hour earlier on three days and kept Sundays free. That was enough.",
            "Do {module} with somebody else. We met on video every {day} and it halved the time.",
        ),
    ),
    Subject(
        "study habits",
        "Anyone for a study group?",
        "I am starting {course} next week. Anybody want to go through {module} together, one evening a week?",
        (
            "I am in! {day} after eight suits me.",
            "There is already a group of {number}, we meet on video. I will send you the link.",
        ),
    ),
    Subject(
        "next steps",
        "What to take after {course}?",
        "I have just finished {course} and would like to go on. What did you take next, and was it any use at work?",
        (
            "I went on with Project Management Foundations. Hard in places, and the reason I got my new job.",
            "Depends on what you liked. If it was {module}, ask the office which course has most of it.",
            "Take a month off first. Then Excel for Work, it makes everything after it easier.",
        ),
    ),
    Subject(
        "next steps",
        "Did {course} help you find a job?",
        "Has anyone here changed jobs with {course}? I wonder if it is worth putting it first on my CV.",
        (
            "Yes, {number} months later. They asked about {module} in the interview.",
            "It helped to bring the project I made in {module}, more than the certificate itself.",
        ),
    ),
)

TEACHER_SUBJECTS = (
    Subject(
        "lesson plans",
        "Plan for the first evening of {course}",
        "I teach {course} for the first time next {day}. How do you use the first two hours?",
        (
            "One hour of getting to know each other, one small success with {module}. Theory can wait.",
            "I uploaded my plan to the shared folder: {number} pages, please change what you like.",
        ),
    ),
    Subject(
        "lesson plans",
        "Teaching {module} without slides",
        "The projector in room {number} is broken until {day}. How would you do {module} without it?",
        (
            "Cards on the wall. Each group sorts the steps of {module} and defends its order.",
            "Print the example once per table and let them mark what surprises them.",
            "I do it without slides always. They remember more when they draw it themselves.",
        ),
    ),
    Subject(
        "feedback",
        "Marking {number} reports in a weekend",
        "How do you give useful comments on {module} when there are {number} reports on the pile?",
        (
            "One thing that worked, one to change, one question. Never more than three comments.",
            "I record two minutes of voice for each. It is quicker and they like it better.",
        ),
    ),
    Subject(
        "feedback",
        "A student argues about every mark",
        "One person in {course} disputes each mark by email at night. How do you handle this kindly?",
        (
            "Answer once a week, on a fixed day, with the criteria beside it. It calmed down after {number} weeks.",
            "I ask them to mark an anonymous report by the same criteria first. Works wonders.",
        ),
    ),
    Subject(
        "group work",
        "One does all the work",
        "In the group task on {module} one student does everything and the others smile. Ideas?",
        (
            "Give roles that rotate each session, and let the group sign who did what.",
            "Short individual questions at the end, the mark is half group and half own.",
        ),
    ),
    Subject(
        "group work",
        "Groups of how many on video?",
        "For {course} online: do you split into three or four? With {number} people I am unsure.",
        (
            "Three. With four one always turns off the camera.",
            "Pairs for {module}, then two pairs compare. No preparation needed.",
        ),
    ),
    Subject(
        "accessibility",
        "Captions for the {module} video",
        "A participant is hard of hearing. Does anybody have captions for the video on {module}?",
        (
            "I corrected the automatic ones last term, they are in the folder under {course}.",
            "Ask the office, they order captions within {number} days when there is a need.",
        ),
    ),
    Subject(
        "accessibility",
        "Dyslexia and the {course} exam",
        "What have you agreed with students who read slowly? The exam for {course} is on {day}.",
        (
            "A quarter more time and the paper in a larger type on cream. Apply {number} weeks before.",
            "Reading the questions aloud to the whole room helped more people than I expected.",
        ),
    ),
    Subject(
        "materials",
        "Exercise with real figures for {module}",
        "Mine are from 2015 and show it. Who has an up-to-date exercise on {module} to share?",
        (
            "Shared mine, {number} tasks with solutions. Take out what you do not need.",
            "I let them bring figures from work with the names removed. Always up to date.",
            "There is a good one in the new lesson pack, page {number}.",
        ),
    ),
    Subject(
        "materials",
        "Is the new lesson pack for {course} any good?",
        "Has somebody taught with the new pack for {course}? I would like to hear before I change everything.",
        (
            "The part on {module} is much better, the rest is the same with new pictures.",
            "Good, but plan {number} minutes more for {module}.",
        ),
    ),
    Subject(
        "motivation",
        "Half the room is gone after the break",
        "On {day} evenings a third of my {course} group leaves at the break. What keeps yours?",
        (
            "I put the best exercise after it and say so before.",
            "Shorter break, tea in the room. It sounds silly and it works.",
        ),
    ),
    Subject(
        "technical",
        "Attendance list in the new system",
        "Where did the attendance list for {course} go? I see {number} names and should have more.",
        (
            "Under Groups, then the three dots. It only shows who has logged in once.",
            "The others have not accepted the terms yet. Ask them to log in before {day}.",
        ),
    ),
)

OPENERS = (
    "",
    "",
    "",
    "Hi all! ",
    "Hello everyone. ",
    "Hi! ",
    "Quick one: ",
    "Good evening. ",
    "Sorry if this was asked. ",
)
CLOSERS = (
    "",
    "",
    "",
    " Thanks in advance!",
    " Thank you!",
    " Any hint is welcome.",
    " Cheers.",
    " Grateful for any advice.",
)
ANSWER_OPENERS = ("", "", "", "", "Hi! ", "Welcome! ", "Had the same question. ", "From experience: ", "@{handle} ")
ANSWER_CLOSERS = ("", "", "", "", " Good luck!", " Hope that helps.", " Tell us how it goes.", " You will be fine.")
COMMENTS = (
    "That worked, thank you so much!",
    "Thanks {handle}, I would never have found this.",
    "Same here, following.",
    "Still the case in {month}, I just tried it.",
    "Could you say a little more about the first step?",
    "This should be in the handbook.",
    "Thank you both. I did it tonight and it took ten minutes.",
    "I did it the other way round and it worked as well.",
    "Careful, for the evening group the rule is different.",
    "Brilliant, passed today because of this!",
    "+1 for a proper answer from the office.",
    "It was in the second mail after enrolment, in case somebody looks for it.",
    "Update: the office confirmed it on the phone.",
    "Good question, I was about to ask the same about {course}.",
    "Bookmarked. We need this again before the exam.",
)
THANKS = (
    "Solved, thank you {handle}! Marked as the answer.",
    "Perfect, that was it. Thanks {handle}.",
    "Thank you! I had been looking for this all evening.",
    "It worked at once. I owe you a coffee, {handle}.",
)
GREETINGS = (
    "Welcome to the community, {handle}! Please read the pinned post before you ask.",
    "Hello {handle}, a search may already have your answer: see the list of similar questions.",
)
POSTS = (
    "Meet {name}, who finished {course} beside a full-time job. {number} months, two children, one certificate.",
    "Three things nobody tells you about {module}. Swipe.",
    "Behind the scenes: this is where {course} is recorded.",
    "Doors open for {course}. The link is in our profile.",
    "Ask us anything about {course}, we answer until eight tonight.",
    "What did you wish you had known before {module}? Tell us below.",
    "{number} people passed {course} this week. Say well done!",
    "Study tip of the week: start {module} with the last page.",
)
POST_COMMENTS = (
    "Congratulations {name}!!",
    "This is so motivating, thank you for sharing.",
    "Is {course} also in the evening?",
    "Did this last year, best decision.",
    "When does the next group for {course} start?",
    "How long does {course} take beside a job?",
    "Well done, all of you!",
    "Saving this for Sunday.",
    "Is there a discount for two from the same company?",
    "I am in that picture :)",
    "Please more about {module}!",
    "Loved the video. Short and to the point.",
)
MESSAGES = (
    (
        "Hi! Is there still a place in {course} for {day}?",
        "Hi {handle}, yes, {number} places are left. Shall I hold one for you?",
    ),
    (
        "I sent the form for {course} and heard nothing. Did it arrive?",
        "It did, you will have the confirmation by {day}. Sorry for the wait!",
    ),
    (
        "Can I change from {course} in the morning to the evening group?",
        "Of course. Reply with your order number and it is done today.",
    ),
    ("Do you have {course} as a gift voucher?", "We do! The shop has it under Vouchers, valid for two years."),
    (
        "Which level of English do I need for {course}?",
        "B1 is enough. There is a test of {number} minutes on our page if you are unsure.",
    ),
)
CALLS = (
    # topic, what was asked, what was said
    ("enrolment", "Wanted to know if {course} can be joined after {day}.", "Looked it up and enrolled the caller."),
    ("enrolment", "Was not sure which level of {course} fits.", "Went through the list of contents together."),
    ("fees", "Asked for instalments on {course}.", "Set up {number} monthly payments."),
    ("fees", "Invoice for {course} had the wrong company name.", "Corrected and sent again by mail."),
    ("deadlines", "Needs more time for {module} after an operation.", "Extension until {day} entered."),
    ("assignments", "Could not open the brief for {module}.", "Mailed it as PDF and explained the two parts."),
    ("assignments", "Did not understand the feedback on {module}.", "Read it together; asked the tutor to call back."),
    ("certificates", "Certificate for {course} never arrived.", "Address was old. Sent again by registered post."),
    ("technical", "Locked out after too many tries.", "Reset the login and stayed on the line until it worked."),
    ("technical", "Video for {module} has no sound on an old tablet.", "Found the setting after {number} minutes."),
    ("exams", "Where is the exam for {course} on {day}?", "Gave room and bus line, sent the plan by mail."),
    ("next steps", "Which course builds on {course}?", "Compared two of them; caller will think it over."),
)
SHARE_NOTES = ("Shared to their story.", "Passed on to their study group.", "Shared with a colleague.", "Reposted.")
MENTIONS = (
    "Just started {course} with @harbourlane, wish me luck",
    "If anyone wants to learn {module}: @harbourlane explains it well",
    "@harbourlane please bring back the {day} group",
    "Certificate day! Thank you @harbourlane",
    "Can recommend {course} at @harbourlane, the forum alone is worth it",
)
EVENTS = (
    "Open evening: {course}",
    "Live session: {module}",
    "Question hour for {course}",
    "Exam preparation: {module}",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Sunday")
MOTIVATIONS = (
    "Wants to get back to work after years at home with the children; evenings only.",
    "The only one in the firm who does the books. Would like somebody to ask.",
    "Aims at team leader; the employer pays if there is a certificate at the end.",
    "Learns for the joy of it, has taken a course every autumn for six years.",
    "Moved here last year and wants papers that count in this country.",
    "Looks after a parent and hopes to make a profession of it.",
    "Helps others on the forum because somebody helped her when she was stuck.",
    "Runs a small café; every hour must pay. Prefers the telephone.",
)
