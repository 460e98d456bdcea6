//! Reason codes of `notify`.

trimtab_core::reason_codes! {
    /// Why `notify` sent a message or none.
    pub Code {
        NotConcerned = "not_concerned" => "The event is not a fact.",
        Request = "request" => "The fact is a request between functions, which is not sent to subscribers.",
        Sent = "sent" => "A message was sent.",
        AlreadySent = "already_sent" => "The message of this dedup key was sent before.",
        AddedToDigest = "added_to_digest" => "The severity is in `notify.digest_severities`: the message was added to the digest.",
        Batched = "batched" => "A line was added to the model's digest.",
        AlreadyBatched = "already_batched" => "The digest contains the line, or an earlier digest did.",
        NothingNew = "nothing_new" => "No digest is due.",
        Due = "due" => "The digest's interval ended: the digest was sent.",
        Full = "full" => "The digest has the largest number of lines: it was sent before its interval ended.",
        ChatRetried = "chat_retried" => "Lines that the chat had refused were sent to it again.",
        PublishRefused = "publish_refused" => "SNS refused the message to the chat. The event was dead-lettered.",
    }
}
