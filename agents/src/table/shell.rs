//! The shell that every role sits in: it asks the probe, watches the time, and turns a failure into a restart.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, async_trait};
use tokio::time::{sleep, timeout};

use super::seat::Envelope;
use crate::event;
use crate::fault::{Action, Point, Probe};

/// A role: what it does with a message. Whatever goes wrong with the work is a reply; a panic or a hang costs the actor.
pub trait Role: Send + 'static {
    /// Which role.
    const ROLE: event::Role;
    /// What it takes.
    type Message: Send + 'static;

    /// The message's name in snake case.
    fn name(message: &Self::Message) -> &'static str;

    /// Does the work and answers.
    fn handle(&mut self, message: Self::Message) -> impl Future<Output = ()> + Send;
}

/// What watches over a role.
#[derive(Clone, Debug)]
pub struct Watch {
    /// What may go wrong.
    pub probe: Arc<dyn Probe>,
    /// How long a handler may take: one that takes longer hangs, and is ended.
    pub limit: Duration,
}

/// The actor around a role.
#[derive(Debug)]
pub struct Shell<R>(PhantomData<fn() -> R>);

impl<R> Default for Shell<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[async_trait]
impl<R: Role> Actor for Shell<R> {
    type Msg = Envelope<R::Message>;
    type State = (R, Watch);
    type Arguments = (R, Watch);

    async fn pre_start(
        &self,
        _: ActorRef<Self::Msg>,
        arguments: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(arguments)
    }

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        envelope: Self::Msg,
        (role, watch): &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let (message, _place) = envelope.open();
        let name = R::name(&message);
        let work = async {
            strike(watch.probe.at(Point::Handle { role: R::ROLE, message: name })).await?;
            role.handle(message).await;
            Ok(())
        };
        match timeout(watch.limit, work).await {
            Ok(done) => done,
            Err(_) => Err(format!("hung on `{name}` for {:?}", watch.limit).into()),
        }
    }
}

/// Lets a fault strike the handler that asks.
pub async fn strike(action: Action) -> Result<(), ActorProcessingErr> {
    match action {
        Action::Continue => Ok(()),
        Action::Panic(why) => panic!("{why}"),
        Action::Hang | Action::Die => std::future::pending().await,
        Action::Delay(time) => {
            sleep(time).await;
            Ok(())
        }
        Action::Fail(why) => Err(why.into()),
        Action::Corrupt => Err("injected damage".into()),
    }
}
