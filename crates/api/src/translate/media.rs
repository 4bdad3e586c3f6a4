use veche_room as room;
use veche_room::{Input, PlayOrder, PublishOrder, Reason, VideoSize};
use veche_transport as media;
use veche_transport::{FailReason, NegotiationError};

pub(crate) fn publish_request(order: PublishOrder) -> media::PublishRequest {
    media::PublishRequest {
        transport: order.transport,
        offer: order.offer,
        video_codecs: order.video_codecs,
        audio_codecs: order.audio_codecs,
        tcp_only: order.tcp_only,
        max_bitrate_bps: order.max_bitrate_bps,
    }
}

pub(crate) fn play_request(order: PlayOrder) -> media::PlayRequest {
    media::PlayRequest {
        transport: order.transport,
        source: order.source,
        offer: order.offer,
        tcp_only: order.tcp_only,
    }
}

pub(crate) fn publish_answer(
    result: Result<media::PublishAnswer, NegotiationError>,
) -> Result<room::PublishAnswer, Reason> {
    let answer = result.map_err(refusal)?;
    Ok(room::PublishAnswer {
        sdp: answer.sdp,
        audio: answer.audio,
        video: answer.video,
        offered_video: answer.offered_video,
    })
}

pub(crate) fn play_answer(
    result: Result<media::PlayAnswer, NegotiationError>,
) -> Result<room::PlayAnswer, Reason> {
    let answer = result.map_err(refusal)?;
    Ok(room::PlayAnswer {
        sdp: answer.sdp,
        audio: answer.audio,
        video: answer.video,
        receivable: answer.receivable,
    })
}

fn refusal(error: NegotiationError) -> Reason {
    match error {
        NegotiationError::BadOffer(_) => Reason::BadOffer,
        NegotiationError::NoCommonCodecs => Reason::NoCommonCodecs,
        NegotiationError::SourceNotFound => Reason::StreamNotFound,
        NegotiationError::TooManyTransports { .. } => Reason::TooManyTransports,
        _ => Reason::Internal,
    }
}

pub(crate) fn engine_event(event: media::Event) -> Input {
    match event {
        media::Event::Connected { transport } => Input::TransportConnected { transport },
        media::Event::Failed { transport, reason } => Input::TransportFailed {
            transport,
            reason: failure(reason),
        },
        media::Event::VideoSize {
            transport,
            width,
            height,
        } => Input::VideoSize {
            transport,
            size: VideoSize { width, height },
        },
        media::Event::Rate { transport, rate } => Input::Rate {
            transport,
            rate: room::Rate {
                video_bps: rate.video_bps,
                fps: rate.fps,
                nack: rate.nack,
                pli: rate.pli,
                lost_packets: rate.lost_packets,
                size: VideoSize {
                    width: rate.width,
                    height: rate.height,
                },
            },
        },
    }
}

fn failure(reason: FailReason) -> Reason {
    match reason {
        FailReason::IceTimeout => Reason::IceTimeout,
        FailReason::IceError => Reason::IceError,
        FailReason::IceKeepAlive => Reason::IceKeepAlive,
        FailReason::DtlsFingerprint => Reason::DtlsFingerprint,
        FailReason::DtlsError => Reason::DtlsError,
        FailReason::PeerClosed => Reason::StoppedByUser,
        _ => Reason::Internal,
    }
}
